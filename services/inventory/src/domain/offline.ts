/**
 * When a managed workload is offline, and when its host is lost: taken out of its peers' rules until its agent is heard again. The one
 * is a word that is shown; the other waits for the silence, or the goodbye, that the settings allow hosts of its labels.
 */
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
  /** After this silence it is shown as offline, if the settings say nothing shorter. */
  readonly offlineSeconds: number;
}
export interface HeardAgent {
  readonly status: 'active' | 'stopped';
  /** When its last word came, by our clock: a node's may be wrong. */
  readonly heardAt: Date;
}

/** Agents are heard every few seconds: a shorter silence is a lost word. */
export const SHORTEST_SILENCE_SECONDS = 30;

export function isOnlineAgent(
  agent: HeardAgent,
  labels: readonly string[],
  timers: Timers,
  hearing: Hearing,
): boolean {
  const seconds = secondsFor(agent, labels, timers);
  if (agent.status === 'stopped')
    return seconds < 0 || !isSilent(agent.heardAt, since(agent, hearing), seconds * 1_000);
  const silence = seconds < 0 ? timers.offlineSeconds : Math.min(seconds, timers.offlineSeconds);
  return !isSilent(agent.heardAt, hearing, silence * 1_000);
}

/**
 * Whoever is lost comes back by a word of its own or by other settings, not because somebody began to listen anew. Nobody gets
 * lost while nobody listens, a goodbye included: its agent may be back unheard.
 */
export function isLostHost(
  agent: HeardAgent & { readonly lost: boolean },
  labels: readonly string[],
  timers: Timers,
  hearing: Hearing,
): boolean {
  const seconds = secondsFor(agent, labels, timers);
  if (seconds < 0) return false;
  return isSilent(agent.heardAt, agent.lost ? since(agent, hearing) : hearing, seconds * 1_000);
}

function secondsFor({ status }: HeardAgent, labels: readonly string[], timers: Timers): number {
  if (status === 'stopped') return timerFor(timers.goodbye, labels);
  const seconds = timerFor(timers.disconnected, labels);
  return seconds < 0 ? seconds : Math.max(seconds, SHORTEST_SILENCE_SECONDS);
}

const since = ({ heardAt }: HeardAgent, { now }: Hearing): Hearing => ({ now, listeningSince: heardAt });

/** That of the narrowest scope; of equally narrow ones the first. */
export function timerFor(timers: readonly Timer[], labels: readonly string[]): number {
  const fitting = timers.filter(({ scope }) => scope.every((label) => labels.includes(label)));
  const narrowest = Math.max(...fitting.map(({ scope }) => scope.length));
  return fitting.find(({ scope }) => scope.length === narrowest)?.seconds ?? -1;
}
