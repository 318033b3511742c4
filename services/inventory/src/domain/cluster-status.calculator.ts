/** A cluster's status and an agent's, from what was last heard. Silence counts only while inventory itself was listening. */
import type { ClusterPulse, KubelinkLack, PolicyProgressView } from '@ringfence/contracts';

export interface HeardCluster {
  readonly lastHeartbeat: Date | null;
  readonly inSync: boolean;
  /** Of Kubelink, in words. */
  readonly lacks: readonly KubelinkLack[];
  readonly nodes: readonly { readonly name: string; readonly machineId: string }[];
  /** Of clas-cache, which knows what is in force; null: it has not said anything yet. */
  readonly pulse: ClusterStanding | null;
  readonly progress: PolicyProgressView;
  /** The last time that it was cut off; null: never. */
  readonly suspension: ClusterSuspension | null;
}
export interface ClusterSuspension {
  readonly stream: string;
  readonly detail: string;
  readonly until: Date;
}
export interface ClusterStanding {
  readonly heardAt: Date;
  /** Words for what it lacks to be in sync. */
  readonly missing: readonly string[];
  readonly places: number;
  readonly notInForce: number;
  /** By reason, the most frequent first. */
  readonly reasons: readonly {
    readonly token: string;
    readonly count: number;
    readonly since: Date;
    readonly message: string;
  }[];
  /** Null: not known. */
  readonly refusedPolicies: NonNullable<ClusterPulse['refusedNetworkPolicies']> | null;
}
export interface Hearing {
  readonly now: Date;
  /** Since when inventory has been listening without a break. */
  readonly listeningSince: Date;
}
export interface Silence {
  readonly clusterOutOfSyncMs: number;
  readonly agentOfflineMs: number;
  /** After that nobody can say what is in force in the cluster. */
  readonly pulseMs: number;
}
const DEFAULT_SILENCE: Silence = {
  clusterOutOfSyncMs: 10 * 60_000,
  agentOfflineMs: 5 * 60_000,
  pulseMs: 30_000,
};

export type ClusterStatus = 'never_connected' | 'in_sync' | 'out_of_sync' | 'error';
export interface ClusterHealth {
  readonly status: ClusterStatus;
  readonly message: string;
  readonly online: boolean;
  readonly duplicates: readonly DuplicateMachineId[];
}
export interface DuplicateMachineId {
  readonly machineId: string;
  readonly nodes: readonly string[];
}

/** True: nothing was heard for longer than `limitMs`, although it could have been heard. */
export function isSilent(last: Date, hearing: Hearing, limitMs: number): boolean {
  const from = Math.max(last.getTime(), hearing.listeningSince.getTime());
  return hearing.now.getTime() - from > limitMs;
}

export function duplicateMachineIds(nodes: HeardCluster['nodes']): DuplicateMachineId[] {
  const byId = new Map<string, string[]>();
  // A node that has none yet shares it with nobody.
  for (const { name, machineId } of nodes.filter(hasMachineId))
    byId.set(machineId, [...(byId.get(machineId) ?? []), name]);
  return [...byId].flatMap(([machineId, names]) =>
    names.length > 1 ? [{ machineId, nodes: names.sort() }] : [],
  );
}

export const hasMachineId = ({ machineId }: { readonly machineId: string }): boolean => machineId !== '';

export function clusterHealth(
  facts: HeardCluster,
  hearing: Hearing,
  silence: Silence = DEFAULT_SILENCE,
): ClusterHealth {
  const duplicates = duplicateMachineIds(facts.nodes);
  const suspended = suspensionWords(facts.suspension, hearing);
  const { lastHeartbeat } = facts;
  if (lastHeartbeat === null) {
    const message = [...suspended, 'kubelink has not connected yet'].join('; ');
    return {
      ...{ status: suspended.length > 0 ? 'error' : 'never_connected', message },
      ...{ online: false, duplicates },
    };
  }
  const isHeard = !isSilent(lastHeartbeat, hearing, silence.clusterOutOfSyncMs);
  const errors = [...suspended, ...duplicateWords(duplicates), ...notInForceWords(facts.pulse)];
  const doubts = [
    ...(isHeard ? [] : [`no heartbeat since ${lastHeartbeat.toISOString()}`]),
    ...lackWords(facts),
    ...pulseDoubts(facts.pulse, hearing, silence.pulseMs),
    ...progressDoubts(facts, hearing),
  ];
  const status = errors.length > 0 ? 'error' : doubts.length > 0 ? 'out_of_sync' : 'in_sync';
  const remarks = [...namelessWords(facts.nodes), ...refusedPolicyWords(facts.pulse)];
  const message = [...errors, ...doubts, ...remarks].join('; ');
  // What Kubelink cannot see is as little heard as a Kubelink that is silent.
  const online = isHeard && !facts.lacks.some(({ token }) => token === 'api_server_away');
  return { status, message, online, duplicates };
}

/** No details: `/health` is read by anybody. */
function lackWords({ inSync, lacks }: HeardCluster): string[] {
  if (lacks.length > 0) return [`kubelink: ${lacks.map(({ message }) => message).join(', ')}`];
  return inSync ? [] : ['kubelink has not listed every kind yet'];
}

/** True: whatever is known of what is in force there may have changed since. */
export function isUnheard(pulse: ClusterStanding | null, hearing: Hearing, pulseMs: number): boolean {
  return pulse !== null && isSilent(pulse.heardAt, hearing, pulseMs);
}

function suspensionWords(suspension: ClusterSuspension | null, { now }: Hearing): string[] {
  if (suspension === null || suspension.until <= now) return [];
  const { stream, detail, until } = suspension;
  return [
    `it said far more than its share (${stream}: ${detail}) and is cut off until ${until.toISOString()}: its uplink credential may be lost`,
  ];
}

function duplicateWords(duplicates: readonly DuplicateMachineId[]): string[] {
  if (duplicates.length === 0) return [];
  const named = duplicates.map(({ machineId, nodes }) => `${nodes.join(', ')} (${machineId})`).join('; ');
  return [`nodes with the same machine-id are not paired: ${named}`];
}

/** It may be a node that is just being made. */
function namelessWords(nodes: HeardCluster['nodes']): string[] {
  const names = nodes.filter((node) => !hasMachineId(node)).map(({ name }) => name);
  if (names.length === 0) return [];
  const more = names.length > MOST_NAMED ? ` and ${String(names.length - MOST_NAMED)} more` : '';
  const named = names.sort().slice(0, MOST_NAMED).join(', ');
  return [`nodes that report no machine-id cannot be paired: ${named}${more}`];
}

function notInForceWords(pulse: ClusterStanding | null): string[] {
  if (pulse === null || pulse.notInForce === 0) return [];
  const [worst] = pulse.reasons;
  const reason = worst === undefined ? '' : ` since ${worst.since.toISOString()}: ${worst.message}`;
  const more = pulse.reasons.length > 1 ? `, and ${String(pulse.reasons.length - 1)} other reasons` : '';
  return [
    `policy is not in force on ${String(pulse.notInForce)} of ${String(pulse.places)} places${reason}${more}`,
  ];
}

function pulseDoubts(pulse: ClusterStanding | null, hearing: Hearing, pulseMs: number): string[] {
  if (pulse === null) return [];
  if (isUnheard(pulse, hearing, pulseMs))
    return [
      `clas-cache has not been heard since ${pulse.heardAt.toISOString()}: what is in force there now is not known`,
    ];
  return pulse.missing.length === 0 ? [] : [`clas-cache is not in sync: ${pulse.missing.join('; ')}`];
}

/** What somebody wrote in his namespace is no trouble of the cluster's. No names: `/health` is read by anybody. */
function refusedPolicyWords(pulse: ClusterStanding | null): string[] {
  const count = pulse?.refusedPolicies?.count ?? 0;
  if (count === 0) return [];
  return count === 1
    ? ['1 NetworkPolicy cannot be read: whom it may mean is isolated, and it allows nothing']
    : [
        `${String(count)} NetworkPolicies cannot be read: whom they may mean is isolated, and they allow nothing`,
      ];
}

const MOST_NAMED = 10;
/** A change is in force within moments; what takes longer than this is no change under way any more. */
const UNDER_WAY_MS = 5_000;

function progressDoubts({ pulse, progress }: HeardCluster, { now }: Hearing): string[] {
  const { asked_at: askedAt, waiting_for: waitingFor } = progress;
  if (pulse === null || askedAt === null || now.getTime() - Date.parse(askedAt) < UNDER_WAY_MS) return [];
  return [`not in force although asked for at ${askedAt}: ${waitingFor}`];
}
