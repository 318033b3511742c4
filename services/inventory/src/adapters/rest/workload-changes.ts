/**
 * Changes to workloads, one or a thousand in a call: what they hang on is looked up once for all, each is decided by itself, and what
 * is not refused is written together.
 */
import { CallError } from '@ringfence/bus';
import { actorHref, GLOBAL } from '@ringfence/contracts';
import type {
  ResourceRequest,
  WorkloadCreate,
  WorkloadInterface,
  WorkloadUpdate,
} from '@ringfence/contracts';
import { guarded } from '@ringfence/decider';
import { handleCommands } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { accepted, eachAccepted, notFound, referenceOf, refusal, Taken } from '@ringfence/resources';
import type { Outcome } from '@ringfence/resources';
import { randomUUID } from 'node:crypto';
import { endedByFull, shutOut } from '../../domain/admin-ports.js';
import type { LabelKeys } from '../../domain/known-labels.js';
import { workloadDecider } from '../../domain/workload.decider.js';
import type { LabelGiver, Workload, WorkloadChange, WorkloadCommand } from '../../domain/workload.decider.js';
import { agents } from '../../read/agents.js';
import type { AgentRow } from '../../read/agents.js';
import { workloads } from '../../read/inventory-documents.js';
import { streamOf } from '../stream-names.js';
import type { LabelKeysOf } from './labels.client.js';
import type { ReachOf } from './reach.client.js';
import { logsTraffic } from './agent-view.js';
import { changeOf, newWorkload } from './workload-body.js';

export interface ChangeParts {
  readonly store: EventStore;
  readonly labelKeysOf: LabelKeysOf;
  readonly reachOf: ReachOf;
}

/** What a caller wants of one workload. */
export interface Wish {
  readonly id: string;
  readonly names: Pick<WorkloadChange, 'labels' | 'externalDataReference'>;
  /** Asked when its turn comes: a wish before it may have changed the workload. */
  command(current: Workload | null, around: Around): WorkloadCommand;
}

/** What the wishes hang on beside the workloads themselves. */
interface Around {
  readonly keyOf: LabelKeys;
  readonly references: Taken<Pick<Workload, 'id' | 'externalDataSet' | 'externalDataReference'>>;
  readonly agents: readonly AgentRow[];
  readonly giver: LabelGiver;
}

export function creation(body: WorkloadCreate): Wish {
  const workload = newWorkload(randomUUID(), body);
  return {
    id: workload.id,
    names: workload,
    command: (_, { keyOf, references, giver }) => ({
      ...{ type: 'create', workload, keyOf, giver },
      referenceTaken: references.byAnother(workload),
    }),
  };
}

export const changing = (id: string, body: WorkloadUpdate): Wish => ({
  id,
  names: changeOf(body, { about: {} }),
  command: (current, { keyOf, references, agents: all, giver }) => {
    if (current === null) throw notFound('workload');
    const change = changeTo(current, body);
    if (body.confirm !== true) mayCutOff(all, current, change);
    const referenceTaken = references.byAnother({ ...current, ...change });
    return { type: 'change', change, keyOf, referenceTaken, giver };
  },
});

export const deletion = (id: string): Wish => ({ id, names: {}, command: () => ({ type: 'delete' }) });

export const unpairing = (id: string): Wish => ({
  id,
  names: {},
  command: (current) => {
    if (current === null) throw notFound('workload');
    return { type: 'unpair' };
  },
});

type Interfaces = readonly WorkloadInterface[];
/** Of an unmanaged workload; `next` says what follows from those that it has. */
export const changingInterfaces = (id: string, next: (interfaces: Interfaces) => Interfaces): Wish => ({
  id,
  names: {},
  command: (current, { keyOf, giver }) => {
    if (current === null) throw notFound('workload');
    if (current.managed) throw managedInterfaces();
    const change = { interfaces: next(current.interfaces) };
    return { type: 'change', change, keyOf, referenceTaken: false, giver };
  },
});

const managedInterfaces = (): CallError =>
  CallError.of('FAILED_PRECONDITION', 'workload_is_managed', 'interfaces: its agent tells them');

/** Who asks, and within what. */
export type Asking = Pick<ResourceRequest, 'actor' | 'within'>;
/** How it comes that a workload has a label. */
type By = LabelGiver['by'];

/** The ids of what was changed, or why it was not. Runs inside the queue of one. */
export async function fulfil(
  parts: ChangeParts,
  { actor, within }: Asking,
  wishes: readonly Outcome<Wish>[],
  by: By = 'person',
): Promise<Outcome<string>[]> {
  const all = accepted(wishes);
  const meta = { actor, cluster: GLOBAL };
  const streams = all.map(({ id }) => streamOf.workload(id));
  const reach = await parts.reachOf({ within });
  const decider = guarded(workloadDecider, ({ workload }) => workload && reach.refuse(workload.labels));
  const work = { store: parts.store, decider, streams, meta };
  return handleCommands(work, async ({ stateOf, decide }) => {
    const currents = streams.flatMap((stream) => stateOf(stream).workload ?? []);
    const giver = { by, name: actorHref(actor) };
    const around = { ...(await lookAround(parts, all, currents)), giver };
    return eachAccepted(wishes, ({ id, command }) => {
      const stream = streamOf.workload(id);
      const current = stateOf(stream).workload;
      const cluster = current?.cluster ?? GLOBAL;
      const { rejected, state } = decide(stream, command(current, around), { actor, cluster });
      if (rejected !== undefined) throw refusal(rejected);
      if (state.workload !== null) around.references.note(state.workload);
      return id;
    });
  });
}

async function lookAround(
  { store, labelKeysOf }: ChangeParts,
  wishes: readonly Wish[],
  currents: readonly Workload[],
): Promise<Omit<Around, 'giver'>> {
  const named = [...wishes.map(({ names }) => names), ...currents];
  const references = named.flatMap(({ externalDataReference }) => externalDataReference ?? []);
  const holders = await workloads.having(store.entities, 'externalDataReference', references);
  return {
    keyOf: await labelKeysOf(named.flatMap(({ labels = [] }) => labels)),
    references: new Taken(
      referenceOf,
      holders.map(({ body }) => body),
    ),
    agents: currents.some(({ managed }) => managed) ? await agents(store.entities) : [],
  };
}

function changeTo(current: Workload, body: WorkloadUpdate): WorkloadChange {
  const all = { ...visibilityOf(current, body), ...changeOf(body, current) };
  // Clients send a node's interfaces back as they read them.
  const { interfaces: _, ...withoutInterfaces } = all;
  return current.managed ? withoutInterfaces : all;
}

/** Of clients that know of `log_traffic` alone: where nothing that passes was reported, it is from then on. */
const visibilityOf = (
  current: Workload,
  { agent }: WorkloadUpdate,
): Pick<WorkloadChange, 'visibilityLevel'> =>
  agent?.config?.log_traffic === true && !logsTraffic(current) ? { visibilityLevel: 'flow_summary' } : {};

/** Whoever would cut the cluster or an administrator off from the node is told whom, and asked. */
function mayCutOff(all: readonly AgentRow[], current: Workload, change: WorkloadChange): void {
  const { cluster, node, name } = current;
  if (cluster === null || node === null) return;
  const agent = all.find((one) => one.cluster === cluster && one.node === node);
  const cut = cutBy(agent, current, change);
  if (cut.length > 0) throw unconfirmed(`${cut.join('; ')}. Write rules for it, or confirm (${name})`);
}

function cutBy(agent: AgentRow | undefined, current: Workload, change: WorkloadChange): string[] {
  const { cutByFull = [], essential = [] } = agent?.host ?? {};
  const { mode = current.mode, adminPorts } = change;
  return [
    ...(mode === 'full' && current.mode !== 'full' ? endedByFull(cutByFull) : []),
    ...(adminPorts && drops(mode) ? shutOut(essential, adminPorts) : []),
  ];
}

const drops = (mode: Workload['mode']): boolean => mode === 'selective' || mode === 'full';

const unconfirmed = (message: string): CallError =>
  CallError.of('FAILED_PRECONDITION', 'confirmation_required', message);
