/** `pairing_profiles` and their keys. A key is shown once; uses and expiry are kept with its hash. */
import { actorHref, PairingProfileCreate, PairingProfileUpdate } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { guarded } from '@ringfence/decider';
import type { Document, EventStore, OneAtATime } from '@ringfence/event-store';
import {
  byLabels,
  byWord,
  defined,
  exact,
  execute,
  idOfHref,
  metaOf,
  notFound,
  orgHref,
  orNull,
  page,
  parsed,
  partial,
  refusal,
} from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import type { PairingProfile, PairingProfileCommand } from '../../domain/pairing-profile.decider.js';
import { pairingProfileDecider } from '../../domain/pairing-profile.decider.js';
import type { Reach } from '../../domain/reach.js';
import { pairingProfiles } from '../../read/inventory-documents.js';
import { streamOf } from '../stream-names.js';
import type { LabelKeysOf } from './labels.client.js';
import type { ReachOf } from './reach.client.js';
import { legacyMode, modeOf } from './legacy-mode.js';
import { addKey, keyUses, revokeKeys } from '../admission/pairing-keys.store.js';
import type { KeyUses } from '../admission/pairing-keys.store.js';
import { newActivationCode } from '../admission/secret.js';
import { SYSTEM } from '../system-actor.js';

export interface PairingProfileParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly labelKeysOf: LabelKeysOf;
  readonly reachOf: ReachOf;
}
type Body = PairingProfileCreate | PairingProfileUpdate;

const UNINTERPRETED_DEFAULTS = {
  enforcement_mode_lock: true,
  mode_lock: true,
  visibility_level_lock: true,
  log_traffic: false,
  log_traffic_lock: true,
  role_label_lock: true,
  app_label_lock: true,
  env_label_lock: true,
  loc_label_lock: true,
  status_lock: true,
  agent_software_release: null as string | null,
  ven_type: 'specified_during_activation',
};
const NEW_PROFILE: Omit<PairingProfile, 'id'> = {
  name: '',
  description: '',
  enabled: true,
  mode: 'visibility_only',
  visibilityLevel: 'flow_summary',
  allowedUsesPerKey: 'unlimited',
  keyLifespan: 'unlimited',
  labels: [],
  isDefault: false,
  externalDataSet: null,
  externalDataReference: null,
  uninterpreted: UNINTERPRETED_DEFAULTS,
};

export function pairingProfileOperations(parts: PairingProfileParts): Operations {
  const { store, oneAtATime } = parts;
  const ordered =
    (work: (request: ResourceRequest) => Promise<ResourceResponse>) => (request: ResourceRequest) =>
      oneAtATime(() => work(request));
  return {
    list: (request) => list(parts, request),
    get: async (request) => ({
      body: show(
        await one(store, request.ids[0]),
        await keyUses(store.entities),
        await parts.reachOf(request),
      ),
    }),
    create: ordered((request) => create(parts, request)),
    update: ordered((request) => update(parts, request)),
    delete: ordered(async (request) => {
      const found = await reached(parts, request);
      await run(parts, request, found.id, { type: 'delete' });
      await revokeKeys(store.entities, found.id);
      return {};
    }),
    pairing_key: ordered(async (request) => {
      const found = await reached(parts, request);
      const now = new Date();
      const key = newActivationCode();
      // First whether there may be one: a crash before the hash leaves a key that opens nothing and was not shown.
      await run(parts, request, found.id, { type: 'issue-key', key: key.id, at: now.toISOString() });
      await addKey(store.entities, found.body, key, { at: now, by: request.actor });
      return { body: { activation_code: key.code } };
    }),
    delete_pairing_keys: ordered(async (request) => {
      const found = await reached(parts, request);
      await revokeKeys(store.entities, found.id);
      await run(parts, request, found.id, { type: 'revoke-keys' });
      return {};
    }),
  };
}

async function one(store: EventStore, id: string | undefined): Promise<Document<PairingProfile>> {
  const found = id === undefined ? null : await pairingProfiles.get(store.entities, id);
  if (found === null || found.deletedAt !== null) throw notFound('pairing profile');
  return found;
}

/** That the caller may change; asked before anything is done for him. */
async function reached(
  parts: PairingProfileParts,
  request: ResourceRequest,
): Promise<Document<PairingProfile>> {
  const found = await one(parts.store, request.ids[0]);
  const refused = (await parts.reachOf(request)).refuse(found.body.labels);
  if (refused !== null) throw refusal(refused);
  return found;
}

async function run(
  { store, reachOf }: PairingProfileParts,
  { actor, within }: ResourceRequest,
  id: string,
  command: PairingProfileCommand,
): Promise<void> {
  const reach = await reachOf({ within });
  const decider = guarded(pairingProfileDecider, ({ profile }) => profile && reach.refuse(profile.labels));
  await execute(store, decider, { stream: streamOf.pairingProfile(id), actor }, command);
}

async function create(parts: PairingProfileParts, request: ResourceRequest): Promise<ResourceResponse> {
  const { store, labelKeysOf } = parts;
  const body = parsed(PairingProfileCreate, request.body);
  const [id = ''] = await store.nextIds('pairing_profile');
  const profile = { ...NEW_PROFILE, ...fieldsOf(body, UNINTERPRETED_DEFAULTS), id };
  await run(parts, request, id, { type: 'create', profile, keyOf: await labelKeysOf(profile.labels) });
  return { body: show(await one(store, id), new Map(), await parts.reachOf(request)) };
}

async function update(parts: PairingProfileParts, request: ResourceRequest): Promise<ResourceResponse> {
  const found = await reached(parts, request);
  const body = parsed(PairingProfileUpdate, request.body);
  // Clients leave these out when they mean "unlimited", also when they change back to it.
  const unlimited = { allowedUsesPerKey: 'unlimited', keyLifespan: 'unlimited' } as const;
  const change = { ...unlimited, ...fieldsOf(body, found.body.uninterpreted) };
  await run(parts, request, found.id, {
    type: 'change',
    change,
    keyOf: await parts.labelKeysOf(change.labels ?? []),
  });
  return {};
}

/** There is always a default profile; at later starts it is there already. */
export async function ensureDefaultProfile(store: EventStore): Promise<void> {
  if ((await pairingProfiles.all(store.entities)).some((each) => each.body.isDefault)) return;
  const [id = ''] = await store.nextIds('pairing_profile');
  const profile = { ...NEW_PROFILE, id, name: 'Default', isDefault: true };
  await execute(
    store,
    pairingProfileDecider,
    { stream: streamOf.pairingProfile(id), actor: SYSTEM },
    { type: 'create', profile, keyOf: {} },
  );
}

async function list(parts: PairingProfileParts, request: ResourceRequest): Promise<ResourceResponse> {
  const { store } = parts;
  const all = await pairingProfiles.live(store.entities);
  const uses = await keyUses(store.entities);
  const { matched, shown } = page(all, request.query, {
    name: partial((each) => each.body.name),
    description: partial((each) => each.body.description),
    labels: byLabels((each) => each.body.labels),
    external_data_set: exact((each) => each.body.externalDataSet),
    external_data_reference: exact((each) => each.body.externalDataReference),
    agent_software_release: partial((each) => kept(each, 'agent_software_release')),
    ven_type: byWord('ven_type', VEN_TYPES, (each) => kept(each, 'ven_type')),
  });
  const reach = await parts.reachOf(request);
  return { body: shown.map((each) => show(each, uses, reach)), total: all.length, matched: matched.length };
}

const VEN_TYPES = ['specified_during_activation', 'server', 'endpoint'];
const kept = ({ body }: Document<PairingProfile>, name: string): string | null | undefined =>
  body.uninterpreted[name] as string | null | undefined;

function fieldsOf(
  body: Body,
  kept: Readonly<Record<string, unknown>>,
): Partial<Omit<PairingProfile, 'id' | 'isDefault'>> {
  return defined({
    name: body.name,
    description: body.description,
    enabled: body.enabled,
    mode: modeOf(body.enforcement_mode, body.mode),
    visibilityLevel: body.visibility_level,
    allowedUsesPerKey: body.allowed_uses_per_key,
    keyLifespan: body.key_lifespan,
    labels: body.labels?.map((label) => idOfHref(label.href, 'labels')),
    externalDataSet: orNull(body.external_data_set),
    externalDataReference: orNull(body.external_data_reference),
    uninterpreted: uninterpreted(body, kept),
  });
}

function uninterpreted(body: Body, kept: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = Object.keys(UNINTERPRETED_DEFAULTS) as (keyof typeof UNINTERPRETED_DEFAULTS)[];
  return Object.fromEntries(names.map((name) => [name, body[name] === undefined ? kept[name] : body[name]]));
}

const UNUSED: KeyUses = { used: 0, lastUsedAt: null, lastIssuedAt: null, lastIssuedBy: null };

function showUses({ used, lastUsedAt, lastIssuedAt, lastIssuedBy }: KeyUses): Record<string, unknown> {
  return {
    total_use_count: used,
    last_pairing_at: lastUsedAt?.toISOString() ?? null,
    last_pairing_key_generated_at: lastIssuedAt?.toISOString() ?? null,
    last_pairing_key_generated_by: lastIssuedBy && { href: actorHref(lastIssuedBy) },
  };
}

function show(
  found: Document<PairingProfile>,
  uses: ReadonlyMap<string, KeyUses>,
  reach: Reach,
): Record<string, unknown> {
  const { body } = found;
  return {
    href: orgHref(`pairing_profiles/${found.id}`),
    name: body.name,
    description: body.description,
    enabled: body.enabled,
    mode: legacyMode(body.mode),
    enforcement_mode: body.mode,
    visibility_level: body.visibilityLevel,
    allowed_uses_per_key: body.allowedUsesPerKey,
    key_lifespan: body.keyLifespan,
    labels: body.labels.map((label) => ({ href: orgHref(`labels/${label}`) })),
    is_default: body.isDefault,
    status: 'active',
    ...showUses(uses.get(found.id) ?? UNUSED),
    external_data_set: body.externalDataSet,
    external_data_reference: body.externalDataReference,
    ...UNINTERPRETED_DEFAULTS,
    ...body.uninterpreted,
    caps: reach.caps(['write', 'generate_pairing_key'], body.labels),
    ...metaOf(found),
  };
}
