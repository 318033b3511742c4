/**
 * Since when the agents of each cluster could have been heard without a break: its clas-cache speaks, and at least one agent does. While
 * all are silent, it is the way to them that is broken, or nobody is there to be told anything.
 */
import { isSilent } from './cluster-status.calculator.js';
import type { Hearing } from './cluster-status.calculator.js';

export interface ClusterVoice {
  readonly cluster: string;
  readonly pulseAt: Date;
  /** The last word of any of its agents. */
  readonly agentAt: Date;
}

export class HeardClusters {
  private readonly since = new Map<string, Date>();

  constructor(private readonly limitMs: number) {}

  /** Those that are heard, each with what counts for its agents. Looked at more often than the limit. */
  look(voices: readonly ClusterVoice[], hearing: Hearing): ReadonlyMap<string, Hearing> {
    const { now, listeningSince } = hearing;
    const isOver = (at: Date): boolean => isSilent(at, { now, listeningSince: at }, this.limitMs);
    const speaking = voices.filter(({ pulseAt, agentAt }) => !isOver(pulseAt) && !isOver(agentAt));
    const names = new Set(speaking.map(({ cluster }) => cluster));
    for (const cluster of this.since.keys()) if (!names.has(cluster)) this.since.delete(cluster);
    for (const cluster of names) if (!this.since.has(cluster)) this.since.set(cluster, now);
    return new Map(
      [...this.since].map(([cluster, at]) => [
        cluster,
        { now, listeningSince: at > listeningSince ? at : listeningSince },
      ]),
    );
  }
}
