/** A cluster's status and an agent's, from what was last heard. Silence counts only while inventory itself was listening. */

export interface ClusterFacts {
  readonly lastHeartbeat: Date | null;
  readonly inSync: boolean;
  readonly nodes: readonly { readonly name: string; readonly machineId: string }[];
}
export interface Hearing {
  readonly now: Date;
  /** Since when inventory has been listening without a break. */
  readonly listeningSince: Date;
}
export interface Silence {
  readonly clusterOutOfSyncMs: number;
  readonly agentOfflineMs: number;
}
export const DEFAULT_SILENCE: Silence = { clusterOutOfSyncMs: 10 * 60_000, agentOfflineMs: 5 * 60_000 };

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

export function duplicateMachineIds(nodes: ClusterFacts['nodes']): DuplicateMachineId[] {
  const byId = new Map<string, string[]>();
  for (const { name, machineId } of nodes) byId.set(machineId, [...(byId.get(machineId) ?? []), name]);
  return [...byId].flatMap(([machineId, names]) =>
    names.length > 1 ? [{ machineId, nodes: names.sort() }] : [],
  );
}

export function clusterHealth(
  facts: ClusterFacts,
  hearing: Hearing,
  silence: Silence = DEFAULT_SILENCE,
): ClusterHealth {
  const duplicates = duplicateMachineIds(facts.nodes);
  if (facts.lastHeartbeat === null) {
    return {
      status: 'never_connected',
      message: 'kubelink has not connected yet',
      online: false,
      duplicates,
    };
  }
  const online = !isSilent(facts.lastHeartbeat, hearing, silence.clusterOutOfSyncMs);
  if (duplicates.length > 0) {
    const named = duplicates.map(({ machineId, nodes }) => `${nodes.join(', ')} (${machineId})`).join('; ');
    return {
      status: 'error',
      message: `nodes with the same machine-id are not paired: ${named}`,
      online,
      duplicates,
    };
  }
  if (!online)
    return {
      status: 'out_of_sync',
      message: `no heartbeat since ${facts.lastHeartbeat.toISOString()}`,
      online,
      duplicates,
    };
  if (!facts.inSync)
    return { status: 'out_of_sync', message: 'kubelink has not listed every kind yet', online, duplicates };
  return { status: 'in_sync', message: '', online, duplicates };
}
