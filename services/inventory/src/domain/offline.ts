/** When a managed workload is offline: after the silence, or the goodbye, that the settings allow hosts of its labels. */
import { isSilent } from './cluster-status.calculator.js';
import type { Hearing } from './cluster-status.calculator.js';

/** For workloads that carry all labels of the scope; -1 seconds: never. */
export interface Timer {
  readonly scope: readonly string[];
  readonly seconds: number;
}
export interface Timers {
  readonly disconnected: readonly Timer[];
  readonly goodbye: readonly Timer[];
}
export interface HeardAgent {
  readonly status: 'active' | 'stopped';
  readonly lastHeartbeat: Date;
  readonly lastGoodbye: Date | null;
}

export function isOnlineAgent(
  agent: HeardAgent,
  labels: readonly string[],
  { disconnected, goodbye }: Timers,
  hearing: Hearing,
): boolean {
  if (agent.status === 'active') return !isOver(agent.lastHeartbeat, timerFor(disconnected, labels), hearing);
  const left = agent.lastGoodbye ?? agent.lastHeartbeat;
  const isGone = isOver(left, timerFor(goodbye, labels), { ...hearing, listeningSince: left });
  return !isGone;
}

/** That of the narrowest scope; of equally narrow ones the first. */
export function timerFor(timers: readonly Timer[], labels: readonly string[]): number {
  const fitting = timers.filter(({ scope }) => scope.every((label) => labels.includes(label)));
  const narrowest = Math.max(...fitting.map(({ scope }) => scope.length));
  return fitting.find(({ scope }) => scope.length === narrowest)?.seconds ?? -1;
}

const isOver = (since: Date, seconds: number, hearing: Hearing): boolean =>
  seconds >= 0 && isSilent(since, hearing, seconds * 1_000);
