/** Provisioning: what is pending, policy versions, reverting, dependencies, impact, restoring. */
import {
  actorHref,
  Dependencies,
  Impact,
  Provision,
  PROVISIONABLE_TYPES,
  Revert,
} from '@ringfence/contracts';
import type {
  ChangeSubset,
  ProvisionableType,
  ResourceRequest,
  ResourceResponse,
} from '@ringfence/contracts';
import { invalid, maxResults, notFound, parsed } from '@ringfence/resources';
import { missingDependencies } from '../../domain/dependencies.js';
import type { Dependency } from '../../domain/dependencies.js';
import { objectsIn, pendingOf } from '../../domain/policy-book.js';
import type { Chosen, Entry, PolicyBook } from '../../domain/policy-book.js';
import { keyText } from '../../domain/policy-object.js';
import type { ObjectKey } from '../../domain/policy-object.js';
import { provisionedWith } from '../../domain/provisioned-with.js';
import { referencesOf } from '../../domain/references.js';
import {
  listVersions,
  objectsAtVersion,
  objectsModifiedBy,
  readVersion,
} from '../../read/policy-objects.projection.js';
import type { VersionView } from '../../read/policy-objects.projection.js';
import { kindOf } from '../../objects/kinds.js';
import type { Body, View } from '../../objects/view.js';
import { objectHref, objectKeyOf, versionHref } from '../hrefs.js';
import { capsOf, notEnforced } from './object-bodies.js';
import { viewIn } from './object-resources.js';
import { execute } from './resource-context.js';
import { allowing, policyCheck, ruleCoverage } from './check-resources.js';
import { answerNetworkPolicies } from './network-policy-export.js';
import { searchRules } from './search-resource.js';
import { suggest } from './suggest-resource.js';
import { answerWhatIf } from './what-if-resource.js';
import type { ResourceContext } from './resource-context.js';

type Answer = (context: ResourceContext, request: ResourceRequest) => Promise<ResourceResponse>;

const OPERATIONS: Readonly<Record<string, Answer>> = {
  list: async (context, request) => {
    await context.book.current();
    const { versions, total } = await listVersions(context.book.store.entities, maxResults(request.query));
    return { body: versions.map(showVersion), total, matched: total };
  },
  get: async (context, { ids: [id = ''] }) => ({
    body: id === 'draft' ? await draftVersion(context) : showVersion(await versionOf(context, id)),
  }),
  provision: async (context, request) => ({ body: await provision(context, request) }),
  pending: async (context, request) => ({ body: await pending(context, request) }),
  revert_pending: (context, request) => revert(context, request, 'all'),
  revert: (context, request) =>
    revert(context, request, chosenBy(parsed(Revert, request.body).change_subset)),
  dependencies: async (context, request) => ({
    body: showDependencies(await dependencies(context, request)),
  }),
  impact: async (context, request) => ({ body: await impact(context, request) }),
  modified_objects: async (context, request) => {
    const body = await modifiedObjects(context, request);
    return { body, total: body.length, matched: body.length };
  },
  restore: async (context, request) => ({ body: await restore(context, request) }),
  suggest: async (context, request) => ({ body: await suggest(context, request) }),
  what_if: async (context, request) => ({ body: await answerWhatIf(context, request) }),
  network_policies: async (context, request) => ({ body: await answerNetworkPolicies(context, request) }),
  rule_search: async (context, request) => ({ body: await searchRules(context, request) }),
  rule_coverage: async (context, request) => ({ body: await ruleCoverage(context, request) }),
  policy_check: async (context, request) => ({ body: await policyCheck(context, request) }),
  allow: async (context, request) => ({ body: await allowing(context, request) }),
};

export async function answerProvisioning(
  context: ResourceContext,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const answer = OPERATIONS[request.op];
  if (answer === undefined) throw invalid(`sec_policy has no operation "${request.op}"`);
  return answer(context, request);
}

/** The pending objects that are meant. Other words than hrefs of policy objects are refused, not skipped. */
function chosenBy(subset: ChangeSubset | undefined): Chosen {
  if (subset === undefined) return 'all';
  return Object.values(subset).flatMap((references) => (references ?? []).map(({ href }) => keyOf(href)));
}

function keyOf(href: string): ObjectKey {
  const key = objectKeyOf(href);
  if (key === null) throw invalid(`change_subset: "${href}" is no href of a policy object`);
  return key;
}

async function provision(context: ResourceContext, request: ResourceRequest): Promise<Body> {
  const { update_description: note, change_subset: subset } = parsed(Provision, request.body);
  const chosen = chosenBy(subset);
  const { events } = await execute(context, request, (book) => ({
    do: 'provision',
    chosen,
    note: note ?? '',
    workloadsAffected: affectedBy(context, book, chosen),
  }));
  const { version } = events[0]!.data as { version: string };
  return showVersion(await versionOf(context, version));
}

function affectedBy(context: ResourceContext, book: PolicyBook, chosen: Chosen): number {
  return context.workloadsAffected(book, provisionedWith(book, chosen));
}

async function revert(
  context: ResourceContext,
  request: ResourceRequest,
  chosen: Chosen,
): Promise<ResourceResponse> {
  await execute(context, request, () => ({ do: 'revert', chosen }));
  return {};
}

/** What the next version would be: it has no number and no author before it is provisioned. */
async function draftVersion(context: ResourceContext): Promise<Body> {
  const book = await context.book.current();
  const counts: Partial<Record<ProvisionableType, number>> = {};
  for (const { type } of objectsIn(book, 'draft')) counts[type] = (counts[type] ?? 0) + 1;
  return {
    href: versionHref('draft'),
    workloads_affected: affectedBy(context, book, 'all'),
    commit_message: '',
    object_counts: objectCounts(counts),
  };
}

/** `active` is the newest one; what is asked of others than these has no meaning for the draft. */
async function versionOf({ book }: ResourceContext, text: string): Promise<VersionView> {
  const { entities } = book.store;
  const number = text === 'active' ? (await book.current()).version : Number(text);
  const version =
    text === 'active' || /^[1-9][0-9]{0,8}$/.test(text) ? await readVersion(entities, number) : null;
  if (version === null) throw notFound(`policy version ${text}`);
  return version;
}

/** Clients read a count of these too; nothing of ours has them. */
const NOT_OURS = { virtual_servers: 0, secure_connect_gateways: 0 };

const objectCounts = (counts: VersionView['counts']): Body => ({
  ...NOT_OURS,
  ...Object.fromEntries(PROVISIONABLE_TYPES.map((type) => [type, counts[type] ?? 0])),
});

function showVersion(view: VersionView): Body {
  return {
    href: versionHref(view.version),
    version: view.version,
    workloads_affected: view.workloadsAffected,
    commit_message: view.note,
    object_counts: objectCounts(view.counts),
    created_at: view.at,
    created_by: { href: actorHref(view.actor) },
  };
}

const pending = async (context: ResourceContext, request: ResourceRequest): Promise<Body> =>
  showPending(viewIn(context, request, await context.book.current()));

function showPending(view: View): Body {
  const buckets: Record<string, Body[]> = {};
  for (const entry of pendingOf(view.book)) (buckets[entry.type] ??= []).push(pendingItem(entry, view));
  return buckets;
}

function pendingItem(entry: Entry, view: View): Body {
  const named = referencesOf(entry.type, (entry.draft ?? entry.active)!);
  const related = (kindOf(entry.type).related ?? []).map((type): [string, Body[]] => [
    `related_${type}`,
    named.filter(({ kind }) => kind === type).map(({ id }) => ({ href: objectHref({ type, id }, 'draft') })),
  ]);
  return {
    href: objectHref(entry, 'draft'),
    name: (entry.draft ?? entry.active)?.name ?? '',
    update_type: entry.updateType,
    updated_at: entry.touched.updated.at,
    updated_by: { href: actorHref(entry.touched.updated.by) },
    caps: capsOf(['write', 'provision'], entry, view),
    ...Object.fromEntries(related),
    ...notEnforced(entry.type, (entry.draft ?? entry.active)!),
  };
}

async function dependencies(context: ResourceContext, request: ResourceRequest): Promise<Dependency[]> {
  const body = parsed(Dependencies, request.body);
  const [operation, chosen] = Array.isArray(body)
    ? (['commit', body.map(({ href }) => keyOf(href))] as const)
    : ([body.operation, chosenBy(body.change_subset)] as const);
  return missingDependencies(await context.book.current(), chosen === 'all' ? [] : chosen, operation);
}

function showDependencies(found: readonly Dependency[]): Body[] {
  return found.map(({ dependency, requiredBy }) => {
    const by: Record<string, Body[]> = {};
    for (const key of requiredBy) (by[key.type] ??= []).push({ href: objectHref(key, 'draft') });
    return { dependency: { [dependency.type]: { href: objectHref(dependency, 'draft') } }, required_by: by };
  });
}

async function impact(context: ResourceContext, request: ResourceRequest): Promise<Body> {
  const chosen = chosenBy(parsed(Impact, request.body).change_subset);
  const book = await context.book.current();
  const affected = affectedBy(context, book, chosen);
  const sets = pendingOf(book).filter(
    (entry) =>
      entry.type === 'rule_sets' &&
      (chosen === 'all' || chosen.some((key) => keyText(key) === keyText(entry))),
  );
  return {
    num_sets: sets.length,
    num_managed_workloads: affected,
    num_container_workloads: 0,
    num_unmanaged_workloads: 0,
    num_virtual_servers: 0,
    all_workloads_optimization: false,
  };
}

async function modifiedObjects(context: ResourceContext, request: ResourceRequest): Promise<Body[]> {
  const { version } = await versionOf(context, request.pversion ?? '');
  const objects = await objectsModifiedBy(context.book.store.entities, version);
  return objects.map(({ type, id, object, updateType, touched }) => ({
    href: objectHref({ type, id }, String(version)),
    object_type: type,
    update_type: updateType,
    name: object?.name ?? '',
    updated_at: touched.updated.at,
    updated_by: { href: actorHref(touched.updated.by) },
  }));
}

async function restore(context: ResourceContext, request: ResourceRequest): Promise<Body> {
  const { version } = await versionOf(context, request.pversion ?? '');
  const objects = await objectsAtVersion(context.book.store.entities, version);
  const { book } = await execute(context, request, () => ({
    do: 'restore',
    objects: objects.flatMap(({ type, object }) => (object === null ? [] : [{ type, object }])),
  }));
  return showPending(viewIn(context, request, book));
}
