/** One container cluster. Its token is a secret and lives, hashed, beside the events; who is connected is a fact that comes in. */
import type { NetworkTypeOfCluster } from '@ringfence/contracts';
import { isSameValue, reject } from '@ringfence/decider';
import type { Decider, Decision } from '@ringfence/decider';

/** Contracts' ContainerClusterState and, beyond it, what only the REST answer shows. */
export interface ContainerCluster {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly datacenterNat1to1: boolean;
  /** Of one from before this was asked: none. */
  readonly networkType?: NetworkTypeOfCluster;
}
export const networkTypeOf = ({ networkType = 'overlay' }: ContainerCluster): NetworkTypeOfCluster =>
  networkType;
export type ContainerClusterEvent =
  | { readonly type: 'ContainerClusterCreated'; readonly data: ContainerCluster }
  | { readonly type: 'ContainerClusterChanged'; readonly data: ContainerCluster }
  | { readonly type: 'ContainerClusterDeleted'; readonly data: { readonly id: string } };
export type ContainerClusterCommand =
  | { readonly type: 'create'; readonly cluster: ContainerCluster; readonly nameTaken: boolean }
  | {
      readonly type: 'change';
      readonly change: Partial<Omit<ContainerCluster, 'id'>>;
      readonly nameTaken: boolean;
    }
  | { readonly type: 'delete'; readonly connectedAgents: readonly string[] };
export interface ContainerClusterAggregate {
  readonly cluster: ContainerCluster | null;
}

const nameInUse = (name: string): ReturnType<typeof reject> =>
  reject('container-cluster-name-must-be-unique', `a container cluster "${name}" exists`, 'ALREADY_EXISTS');

/** Names of connected agents that a refusal spells out before it only counts. */
const NAMES_SHOWN = 5;

function decide(
  { cluster }: ContainerClusterAggregate,
  command: ContainerClusterCommand,
): Decision<ContainerClusterEvent> {
  if (command.type === 'create') {
    if (command.nameTaken) return nameInUse(command.cluster.name);
    return [{ type: 'ContainerClusterCreated', data: command.cluster }];
  }
  if (cluster === null) return reject('not-found-error', 'there is no such container cluster', 'NOT_FOUND');
  if (command.type === 'change') {
    const changed = { ...cluster, ...command.change };
    if (command.nameTaken) return nameInUse(changed.name);
    return isSameValue(changed, cluster) ? [] : [{ type: 'ContainerClusterChanged', data: changed }];
  }
  const { connectedAgents } = command;
  if (connectedAgents.length > 0) {
    const names = connectedAgents.slice(0, NAMES_SHOWN).join(', ');
    return reject(
      'container-cluster-has-connected-agents',
      `${connectedAgents.length} agents are connected (${names}${connectedAgents.length > NAMES_SHOWN ? ', …' : ''}); unpair the cluster first`,
    );
  }
  return [{ type: 'ContainerClusterDeleted', data: { id: cluster.id } }];
}

export const containerClusterDecider: Decider<
  ContainerClusterAggregate,
  ContainerClusterCommand,
  ContainerClusterEvent
> = {
  initial: { cluster: null },
  decide,
  evolve: (_, event) => ({ cluster: event.type === 'ContainerClusterDeleted' ? null : event.data }),
};
