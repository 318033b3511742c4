/** `container_clusters/container_workload_profiles`: one per namespace, and the cluster's template. */
import { handleCommands } from '@ringfence/event-store';
import type { Document, EventStore } from '@ringfence/event-store';
import {
  accepted,
  bulkAnswer,
  bulkItems,
  byLabels,
  changeBetween,
  changesWithin,
  byWord,
  defined,
  eachAccepted,
  execute,
  flag,
  idOfHref,
  metaOf,
  notFound,
  only,
  orgHref,
  page,
  parsed,
  partial,
  refusal,
} from '@ringfence/resources';
import type { Filters, Operations, Outcome } from '@ringfence/resources';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { CallError } from '@ringfence/bus';
import {
  actorHref,
  ContainerWorkloadProfileCreate,
  ContainerWorkloadProfilesUpdate,
  ContainerWorkloadProfileUpdate,
  EnforcementMode,
  VisibilityLevel,
} from '@ringfence/contracts';
import type { ObjectChange, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { In } from 'typeorm';
import type { KnownLabels, Profile, ProfileChange } from '../../domain/profile.decider.js';
import { profileDecider } from '../../domain/profile.decider.js';
import { namespaceNames } from '../../read/facts.js';
import { labels, labelTypes, profiles } from '../../read/resolver-documents.js';
import type { ChangeQueue } from '../change-queue.js';
import type { PresentCluster } from './present-cluster.js';
import { assignmentsOf, labelIdsIn, showAssigned, showLabels } from './profile-labels.js';
import type { LabelsInBody, NamedLabel } from './profile-labels.js';
import { namespaceProfileId } from '../derived-ids.js';
import { streamOf } from '../stream-names.js';

export interface ProfileParts {
  readonly store: EventStore;
  readonly changing: ChangeQueue;
  readonly presentCluster: PresentCluster;
}

export function profileOperations(parts: ProfileParts): Operations {
  const { store, changing, presentCluster } = parts;
  return {
    list: async ({ ids, query }) => {
      const cluster = await presentCluster(ids[0]);
      const all = await profiles.live(store.entities, { cluster });
      const { matched, shown } = page(all, query, FILTERS);
      const names = await labelNames(store);
      return { body: shown.map((each) => show(each, names)), total: all.length, matched: matched.length };
    },
    get: async ({ ids }) => ({ body: show(await one(parts, ids), await labelNames(store)) }),
    create: async (request) => {
      const wanted = parsed(ContainerWorkloadProfileCreate, request.body);
      const { id, pairing_key } = only(await prepareAll(parts, request, [wanted]));
      const shown = show(await one(parts, [...request.ids, id]), await labelNames(store));
      return { body: { ...shown, ...(pairing_key !== undefined && { pairing_key }) } };
    },
    bulk_create: async (request) => {
      const [cluster = ''] = request.ids;
      const wanted = bulkItems(ContainerWorkloadProfileCreate, request.body);
      const made = await prepareAll(parts, request, wanted);
      return bulkAnswer(request.body, made, ({ id, ...key }) => ({
        ...{ href: hrefOf({ cluster, id }), status: 'created' },
        ...key,
      }));
    },
    update: async (request) => {
      const { id } = await one(parts, request.ids);
      const body = parsed(ContainerWorkloadProfileUpdate, request.body);
      only(await changing(() => changeAll(parts, request, [id], body)));
      return {};
    },
    delete: async (request) => {
      const { id, cluster } = await one(parts, request.ids);
      return changing(async () => {
        await execute(
          store,
          profileDecider,
          { stream: streamOf.profile(id), actor: request.actor, cluster },
          { type: 'delete' },
        );
        return {};
      });
    },
    bulk_update: (request) => updateAll(parts, request),
  };
}

const FILTERS: Filters<Document<Profile>> = {
  name: partial((each) => each.body.name),
  namespace: partial((each) => each.body.namespace),
  enforcement_mode: byWord('enforcement_mode', EnforcementMode.options, (each) => each.body.mode),
  visibility_level: byWord('visibility_level', VisibilityLevel.options, (each) => each.body.visibilityLevel),
  linked: flag((each) => each.body.linked),
  managed: flag((each) => each.body.managed),
  assign_labels: byLabels((each) =>
    Object.values(each.body.assignments).flatMap((how) => (how.how === 'fixed' ? [how.label] : [])),
  ),
};

/** The cluster is in the path: a profile of another cluster is not there. */
async function one(
  { store, presentCluster }: ProfileParts,
  [clusterId, id]: readonly string[],
): Promise<Document<Profile>> {
  const cluster = await presentCluster(clusterId);
  const found = id === undefined ? null : await profiles.get(store.entities, id);
  if (found === null || found.deletedAt !== null || found.cluster !== cluster)
    throw notFound('container workload profile');
  return found;
}

async function knownLabels(store: EventStore, bodies: readonly LabelsInBody[]): Promise<KnownLabels> {
  const types = (await labelTypes.live(store.entities)).map((each) => each.body.key);
  const keyOf: Record<string, string> = {};
  for (const id of new Set(bodies.flatMap(labelIdsIn))) {
    const found = await labels.get(store.entities, id);
    if (found !== null && found.deletedAt === null) keyOf[id] = found.body.key;
  }
  return { types, keyOf };
}

const PREPARED = {
  description: '',
  managed: false,
  mode: 'visibility_only',
  visibilityLevel: 'flow_summary',
  isTemplate: false,
  isDiscovered: false,
} as const;

interface Prepared {
  readonly id: string;
  /** By which a namespace binds itself to it; shown once. */
  readonly pairing_key?: string;
}

/** What was made, or why it was not; all are written together. */
async function prepareAll(
  { store, changing, presentCluster }: ProfileParts,
  { actor, ids }: ResourceRequest,
  bodies: readonly Outcome<ContainerWorkloadProfileCreate>[],
): Promise<Outcome<Prepared>[]> {
  const cluster = await presentCluster(ids[0]);
  return changing(async () => {
    const known = await knownLabels(store, accepted(bodies));
    const existing = await namespaceNames(store.entities, cluster);
    const wanted = eachAccepted(bodies, (body) => prepared(body, { cluster, known, existing }));
    const streams = accepted(wanted).map(({ profile }) => streamOf.profile(profile.id));
    const work = { store, decider: profileDecider, streams, meta: { actor, cluster } };
    return handleCommands(work, async ({ decide }) =>
      eachAccepted(wanted, ({ profile, ...key }) => {
        const { rejected } = decide(streamOf.profile(profile.id), { type: 'prepare', profile, known });
        if (rejected !== undefined) throw refusal(rejected);
        return { id: profile.id, ...key };
      }),
    );
  });
}

interface Around {
  readonly cluster: string;
  readonly known: KnownLabels;
  /** The names of the namespaces that are there. */
  readonly existing: ReadonlySet<string>;
}

function prepared(
  body: ContainerWorkloadProfileCreate,
  { cluster, known, existing }: Around,
): Omit<Prepared, 'id'> & { readonly profile: Profile } {
  const namespace = body.namespace ?? null;
  const profile = {
    ...PREPARED,
    name: namespace ?? '',
    ...fieldsOf(body),
    assignments: assignmentsOf(body, {}, known.keyOf) ?? {},
    id: namespace === null ? randomUUID() : namespaceProfileId(cluster, namespace),
    cluster,
    namespace,
    linked: namespace !== null && existing.has(namespace),
  };
  if (namespace !== null) return { profile };
  const key = randomBytes(32).toString('hex');
  return { profile: { ...profile, pairingKey: hashOfKey(key) }, pairing_key: key };
}

/** As inventory says it of a namespace's annotation. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex');

const fieldsOf = (body: ChangeBody): ProfileChange =>
  defined({
    // Kept as empty text, shown as null.
    name: body.name === null ? '' : body.name,
    description: body.description,
    managed: body.managed,
    mode: body.enforcement_mode,
    visibilityLevel: body.visibility_level,
  });

type ChangeBody = Omit<ContainerWorkloadProfileUpdate, 'namespace'>;

/** The same change to each; those that it does not fit are refused, the others are written together. */
async function changeAll(
  { store }: ProfileParts,
  { actor, ids: [cluster = ''] }: ResourceRequest,
  ids: readonly string[],
  body: ChangeBody,
): Promise<Outcome<string>[]> {
  const known = await knownLabels(store, [body]);
  const streams = ids.map((id) => streamOf.profile(id));
  const work = { store, decider: profileDecider, streams, meta: { actor, cluster } };
  return handleCommands(work, async ({ stateOf, decide }) =>
    eachAccepted(ids, (id) => {
      const { profile } = stateOf(streamOf.profile(id));
      if (profile?.cluster !== cluster) throw notFound('container workload profile');
      const assignments = assignmentsOf(body, profile.assignments, known.keyOf);
      const change: ProfileChange = { ...fieldsOf(body), ...defined({ assignments }) };
      const { rejected } = decide(streamOf.profile(id), { type: 'change', change, known });
      if (rejected !== undefined) throw refusal(rejected);
      return id;
    }),
  );
}

async function updateAll(parts: ProfileParts, request: ResourceRequest): Promise<ResourceResponse> {
  await parts.presentCluster(request.ids[0]);
  const { container_workload_profiles: wanted, ...body } = parsed(
    ContainerWorkloadProfilesUpdate,
    request.body,
  );
  const ids = wanted.map(({ href }) => idOfHref(href, 'container_workload_profiles'));
  return parts.changing(async () => {
    const before = await shownProfiles(parts, ids);
    refuseWrong(await changeAll(parts, request, ids, body));
    return { changes: changesSince(before, await shownProfiles(parts, ids)) };
  });
}

type ShownProfiles = ReadonlyMap<string, Record<string, unknown>>;

async function shownProfiles({ store }: ProfileParts, ids: readonly string[]): Promise<ShownProfiles> {
  const names = await labelNames(store);
  const found = await profiles.live(store.entities, { id: In([...ids]) });
  return new Map(found.map((each) => [each.id, show(each, names)]));
}

const changesSince = (before: ShownProfiles, after: ShownProfiles): ObjectChange[] =>
  changesWithin([...before].map(([id, was]) => changeBetween(was, after.get(id) ?? null)));

/** Each failure names the place of its profile in the request. */
function refuseWrong(outcomes: readonly Outcome<string>[]): void {
  const errors = outcomes.flatMap((outcome, index) =>
    outcome instanceof CallError
      ? outcome.errors.map(({ token, message }) => ({
          token,
          message: `record_index=>${index}: ${message}`,
        }))
      : [],
  );
  if (errors.length > 0) throw new CallError('INVALID_ARGUMENT', errors);
}

/** Deleted ones too: a restriction may still name them. */
async function labelNames(store: EventStore): Promise<Map<string, NamedLabel>> {
  return new Map(
    (await labels.all(store.entities)).map(({ id, body: { key, value } }) => [id, { key, value }]),
  );
}

const hrefOf = ({ cluster, id }: Pick<Profile, 'cluster' | 'id'>): string =>
  orgHref(`container_clusters/${cluster}/container_workload_profiles/${id}`);

function show(found: Document<Profile>, names: ReadonlyMap<string, NamedLabel>): Record<string, unknown> {
  const { body } = found;
  return {
    href: hrefOf(found),
    name: body.name === '' ? null : body.name,
    namespace: body.namespace,
    description: body.description,
    managed: body.managed,
    linked: body.linked,
    pairing_key_refused: body.refusesKey ?? false,
    enforcement_mode: body.mode,
    visibility_level: body.visibilityLevel,
    assign_labels: showAssigned(body.assignments),
    labels: showLabels(body.assignments, names),
    ...metaOf(found),
    created_by: { href: actorHref(found.createdBy) },
  };
}
