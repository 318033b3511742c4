/**
 * One workload of the control plane: an unmanaged host that people describe, or a node that an agent paired. A node's
 * addresses come from its agent; its labels and mode start as its pairing profile says and are then people's.
 */
import type {
  EnforcementMode,
  LabelOrigin,
  SeenFromOutside,
  WorkloadInterface,
  WorkloadState,
} from '@ringfence/contracts';
import { isSameValue, reject } from '@ringfence/decider';
import type { Decider, Decision } from '@ringfence/decider';
import type { LabelKeys } from './known-labels.js';
import { refuseLabels } from './known-labels.js';

/** Contracts' WorkloadState and, beyond it, what only the REST answer shows. */
export interface Workload extends WorkloadState {
  readonly interfaces: readonly WorkloadInterface[];
  readonly publicIp: string | null;
  readonly online: boolean;
  readonly visibilityLevel: string;
  readonly externalDataSet: string | null;
  readonly externalDataReference: string | null;
  /** Texts about the host (data center, operating system, …), kept and shown again. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Texts that were given, as empty ones; what nobody gave is as empty, and shown as null. */
  readonly emptied?: readonly ('name' | 'hostname' | 'description')[] | undefined;
  /** Of a paired node: the number that its agent has over REST. */
  readonly agent?: string;
}
export type WorkloadEvent =
  | { readonly type: 'WorkloadCreated'; readonly data: Workload }
  | { readonly type: 'WorkloadChanged'; readonly data: Workload }
  | { readonly type: 'WorkloadDeleted'; readonly data: { readonly id: string } };
export type WorkloadChange = Partial<
  Omit<
    Workload,
    'id' | 'agent' | 'cluster' | 'node' | 'managed' | 'addresses' | 'lost' | 'origins' | 'outside'
  >
>;
export type LabelGiver = Omit<LabelOrigin, 'label'>;
export interface NodePairing {
  readonly id: string;
  readonly agent: string;
  readonly cluster: string;
  readonly node: string;
  readonly labels: readonly string[];
  /** The name of the pairing profile that they are of. */
  readonly profile: string;
  readonly mode: EnforcementMode;
  readonly visibilityLevel: string;
  readonly addresses: readonly string[];
}
export type WorkloadCommand =
  | {
      readonly type: 'create';
      readonly workload: Workload;
      readonly keyOf: LabelKeys;
      readonly referenceTaken: boolean;
      readonly giver: LabelGiver;
    }
  | { readonly type: 'pair'; readonly pairing: NodePairing }
  | {
      readonly type: 'change';
      readonly change: WorkloadChange;
      readonly keyOf: LabelKeys;
      readonly referenceTaken: boolean;
      /** Of labels that it did not have. */
      readonly giver: LabelGiver;
    }
  | { readonly type: 'observe-addresses'; readonly addresses: readonly string[] }
  /** Its agent was silent for too long, or is heard again. */
  | { readonly type: 'lose'; readonly isLost: boolean }
  /** How other clusters see it; null: not at all. */
  | { readonly type: 'see-from-outside'; readonly outside: SeenFromOutside | null }
  | { readonly type: 'delete' }
  /** Of a paired node: its agent leaves when it hears of it. */
  | { readonly type: 'unpair' }
  /** The node is gone from Kubernetes, or its agent has unpaired itself. */
  | { readonly type: 'node-gone' };
export interface WorkloadAggregate {
  readonly workload: Workload | null;
  readonly isDeleted: boolean;
}

/** Addresses that peers may see: of its interfaces and the public one, each once, in a stable order. */
export function addressesOf(interfaces: readonly WorkloadInterface[], publicIp: string | null): string[] {
  const all = [
    ...interfaces.flatMap((each) => (each.address ? [each.address] : [])),
    ...(publicIp === null ? [] : [publicIp]),
  ];
  return [...new Set(all)].sort();
}

const given = (labels: readonly string[], giver: LabelGiver): LabelOrigin[] =>
  labels.map((label) => ({ label, ...giver }));

/** Whoever gave it first gave it; of what is not known it stays so. */
function originsOf(current: Workload, labels: readonly string[], giver: LabelGiver): LabelOrigin[] {
  const kept = (current.origins ?? []).filter(({ label }) => labels.includes(label));
  const isNew = (label: string): boolean => !current.labels.includes(label);
  return [...kept, ...given(labels.filter(isNew), giver)];
}

const fromPairing = (pairing: NodePairing): Workload => ({
  id: pairing.id,
  agent: pairing.agent,
  cluster: pairing.cluster,
  node: pairing.node,
  name: pairing.node,
  hostname: pairing.node,
  description: '',
  managed: true,
  labels: [...pairing.labels],
  origins: given(pairing.labels, { by: 'pairing-profile', name: pairing.profile }),
  mode: pairing.mode,
  addresses: [...pairing.addresses].sort(),
  interfaces: [],
  publicIp: null,
  online: true,
  visibilityLevel: pairing.visibilityLevel,
  externalDataSet: null,
  externalDataReference: null,
  about: {},
});

function refuse(
  workload: Workload,
  keyOf: LabelKeys,
  referenceTaken: boolean,
): ReturnType<typeof reject> | null {
  if (workload.name === '' && workload.hostname === '') {
    return reject(
      'input-validation-error',
      'name: a workload needs a name or a hostname',
      'INVALID_ARGUMENT',
    );
  }
  if ((workload.externalDataSet === null) !== (workload.externalDataReference === null)) {
    return reject(
      'input-validation-error',
      'external_data_set and external_data_reference: give both or none',
      'INVALID_ARGUMENT',
    );
  }
  if (referenceTaken) {
    return reject(
      'external-reference-not-unique',
      'external_data_set and external_data_reference must be unique',
      'ALREADY_EXISTS',
    );
  }
  if (!workload.managed && (workload.adminPorts ?? null) !== null) {
    return reject(
      'input-validation-error',
      'ringfence_admin_ports: only a paired node has them',
      'INVALID_ARGUMENT',
    );
  }
  return refuseLabels(workload.labels, keyOf);
}

function changeTo(current: Workload, changed: Workload): Decision<WorkloadEvent> {
  return isSameValue(current, changed) ? [] : [{ type: 'WorkloadChanged', data: changed }];
}

function change(
  current: Workload,
  command: Extract<WorkloadCommand, { type: 'change' }>,
): Decision<WorkloadEvent> {
  if (current.managed && (command.change.interfaces ?? []).length > 0) {
    return reject('workload-is-managed', 'interfaces: a managed workload reports its own interfaces');
  }
  const { labels } = command.change;
  const origins = labels && !isSameValue(labels, current.labels) && originsOf(current, labels, command.giver);
  const changed = { ...current, ...command.change, ...(origins && { origins }) };
  const described = current.managed
    ? changed
    : { ...changed, addresses: addressesOf(changed.interfaces, changed.publicIp) };
  return refuse(described, command.keyOf, command.referenceTaken) ?? changeTo(current, described);
}

function unpair({ id, managed }: Workload): Decision<WorkloadEvent> {
  if (!managed) return reject('workload-is-not-managed', 'there is no agent to unpair');
  return [{ type: 'WorkloadDeleted', data: { id } }];
}

function lostOr({ lost: _, ...workload }: Workload, isLost: boolean): Workload {
  return isLost ? { ...workload, lost: true } : workload;
}

function seenOr({ outside: _, ...workload }: Workload, outside: SeenFromOutside | null): Workload {
  return outside === null ? workload : { ...workload, outside };
}

/** Nobody asked for it: it is so. */
type Heard = Extract<WorkloadCommand, { type: 'observe-addresses' | 'lose' | 'see-from-outside' }>;
const isHeard = (command: WorkloadCommand): command is Heard =>
  command.type === 'observe-addresses' || command.type === 'lose' || command.type === 'see-from-outside';

function asHeard(current: Workload, command: Heard): Workload {
  if (command.type === 'observe-addresses') return { ...current, addresses: [...command.addresses].sort() };
  return command.type === 'lose' ? lostOr(current, command.isLost) : seenOr(current, command.outside);
}

function decideExisting(current: Workload, command: WorkloadCommand): Decision<WorkloadEvent> {
  if (isHeard(command)) return changeTo(current, asHeard(current, command));
  switch (command.type) {
    case 'create':
      return reject('workload-exists', 'a workload of this id exists', 'ALREADY_EXISTS');
    // A restarted agent pairs again; what people changed since stays.
    case 'pair':
      return [];
    case 'change':
      return change(current, command);
    case 'delete':
      // By this word programs that delete many know whom they have to unpair.
      if (current.managed)
        return reject('method-not-allowed-error', 'the workload is managed: unpair it first');
      return [{ type: 'WorkloadDeleted', data: { id: current.id } }];
    case 'unpair':
      return unpair(current);
    case 'node-gone':
      return [{ type: 'WorkloadDeleted', data: { id: current.id } }];
  }
}

/** What is heard of a workload that may be gone by then. */
const UNASKED: ReadonlySet<string> = new Set(['observe-addresses', 'see-from-outside', 'node-gone']);

function decide(
  { workload, isDeleted }: WorkloadAggregate,
  command: WorkloadCommand,
): Decision<WorkloadEvent> {
  if (workload !== null && !isDeleted) return decideExisting(workload, command);
  if (command.type === 'pair') return [{ type: 'WorkloadCreated', data: fromPairing(command.pairing) }];
  if (UNASKED.has(command.type)) return [];
  if (isDeleted) return reject('workload-already-deleted', 'the workload has been deleted already');
  if (command.type !== 'create') return reject('not-found-error', 'there is no such workload', 'NOT_FOUND');
  const described = {
    ...command.workload,
    addresses: addressesOf(command.workload.interfaces, command.workload.publicIp),
    origins: given(command.workload.labels, command.giver),
  };
  return (
    refuse(described, command.keyOf, command.referenceTaken) ?? [{ type: 'WorkloadCreated', data: described }]
  );
}

export const workloadDecider: Decider<WorkloadAggregate, WorkloadCommand, WorkloadEvent> = {
  initial: { workload: null, isDeleted: false },
  decide,
  evolve: (state, event) =>
    event.type === 'WorkloadDeleted'
      ? { ...state, isDeleted: true }
      : { workload: event.data, isDeleted: false },
};
