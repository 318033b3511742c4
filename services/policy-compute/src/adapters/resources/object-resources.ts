/** Lists, reads, drafts and deletions of policy objects, the same for every type. */
import { randomUUID } from 'node:crypto';
import type { ProvisionableType, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import { entriesOf, entryOf } from '../../domain/policy-book.js';
import type { Entry, PolicyBook } from '../../domain/policy-book.js';
import { objectsAtVersion } from '../../read/policy-objects.projection.js';
import { groupsAbove, labelsWithin } from '../bodies/label-groups.js';
import { objectFrom, showObject } from '../bodies/object-bodies.js';
import type { Shown } from '../bodies/object-bodies.js';
import { newRulesIn } from '../bodies/rule-sets.js';
import type { RuleIds } from '../bodies/rule-sets.js';
import type { Body, View } from '../bodies/view.js';
import { isListed, maxResults } from './list-filters.js';
import { draftOnly, execute, notFound } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';

/** Deny rules and boundaries draw from one sequence; label groups have uuids. */
export const SEQUENCES = { rules: 'sec_rules', denyRules: 'deny_rules' } as const;

export async function answerObjects(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const id = request.ids[0] ?? '';
  switch (request.op) {
    case 'list':
      return list(context, type, request);
    case 'get':
      return { body: await get(context, type, request, id) };
    case 'create':
      return { body: await create(context, type, request) };
    case 'update':
      await update(context, type, request, id);
      return {};
    case 'delete':
      draftOnly(request);
      await execute(context, request.actor, () => ({ do: 'delete', type, id }));
      return {};
    case 'member_of':
    case 'all_labels':
      return nested(context, type, request, id);
    default:
      throw invalid(`${type} has no operation "${request.op}"`);
  }
}

export async function viewOf(context: ResourceContext, request: ResourceRequest): Promise<View> {
  return { pversion: request.pversion ?? 'draft', book: await context.book.current(), facts: context.facts };
}

/** What stands in the form that the request names: draft, active, or an older version. */
export async function shownObjects(
  context: ResourceContext,
  type: ProvisionableType,
  view: View,
): Promise<Shown[]> {
  if (view.pversion === 'draft' || view.pversion === 'active') {
    return [...entriesOf(view.book, type)].flatMap((entry) => shownEntry(entry, view) ?? []);
  }
  const version = versionOf(view);
  const objects = await objectsAtVersion(context.book.store.pool, version);
  return objects.flatMap(({ type: each, object, touched }) =>
    each === type && object !== null ? [{ type, object, touched, updateType: null, entry: null }] : [],
  );
}

function versionOf({ pversion, book }: View): number {
  const version = /^[1-9][0-9]{0,8}$/.test(pversion) ? Number(pversion) : Infinity;
  if (version > book.version) throw notFound(`policy version ${pversion}`);
  return version;
}

/** A draft that is marked for deletion shows what would be deleted. */
function shownEntry(entry: Entry, view: View): Shown | null {
  if (view.pversion === 'active') {
    const { type, active, activeTouched, touched } = entry;
    return active === null
      ? null
      : { type, object: active, touched: activeTouched ?? touched, updateType: null, entry };
  }
  const object = entry.draft ?? entry.active;
  return object === null
    ? null
    : { type: entry.type, object, touched: entry.touched, updateType: entry.updateType, entry };
}

export async function shownObject(
  context: ResourceContext,
  type: ProvisionableType,
  id: string,
  view: View,
): Promise<Shown> {
  const entry = entryOf(view.book, type, id);
  const isCurrent = view.pversion === 'draft' || view.pversion === 'active';
  const shown = isCurrent
    ? entry && shownEntry(entry, view)
    : (await shownObjects(context, type, view)).find((each) => each.object.id === id);
  if (!shown) throw notFound(`${type} ${id} in ${view.pversion}`);
  return shown;
}

async function list(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const view = await viewOf(context, request);
  const all = await shownObjects(context, type, view);
  const matched = all.filter((shown) => isListed(shown.object, request.query));
  const body = matched.slice(0, maxResults(request.query)).map((shown) => showObject(shown, view));
  return { body, total: all.length, matched: matched.length };
}

async function get(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
  id: string,
): Promise<Body> {
  const view = await viewOf(context, request);
  return showObject(await shownObject(context, type, id, view), view);
}

async function nested(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
  id: string,
): Promise<ResourceResponse> {
  if (type !== 'label_groups') throw invalid(`${type} has no operation "${request.op}"`);
  const view = await viewOf(context, request);
  await shownObject(context, type, id, view);
  const body = request.op === 'member_of' ? groupsAbove(id, view) : labelsWithin(id, view);
  return { body, total: body.length, matched: body.length };
}

async function create(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
): Promise<Body> {
  draftOnly(request);
  const id = await newId(context, type);
  const ids = await newRuleIds(context, type, request.body);
  const object = objectFrom(request.body, { type, id, before: null }, ids);
  const { book } = await execute(context, request.actor, () => ({ do: 'create', type, object }));
  return draftBody(context, type, id, book);
}

function draftBody(context: ResourceContext, type: ProvisionableType, id: string, book: PolicyBook): Body {
  const view: View = { pversion: 'draft', book, facts: context.facts };
  return showObject(shownEntry(entryOf(book, type, id)!, view)!, view);
}

async function update(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
  id: string,
): Promise<void> {
  draftOnly(request);
  const { rules, denyRules } = await newRuleIds(context, type, request.body);
  await execute(context, request.actor, (book) => {
    const entry = entryOf(book, type, id);
    if (entry === undefined) throw notFound(`${type} ${id}`);
    // The decider leaves what is marked for deletion as it is; the body is checked all the same.
    const before = entry.draft ?? entry.active;
    const ids = { rules: [...rules], denyRules: [...denyRules] };
    return { do: 'change', type, object: objectFrom(request.body, { type, id, before }, ids) };
  });
}

async function newId(context: ResourceContext, type: ProvisionableType): Promise<string> {
  if (type === 'label_groups') return randomUUID();
  return (
    await context.book.store.nextIds(type === 'enforcement_boundaries' ? SEQUENCES.denyRules : type)
  )[0]!;
}

async function newRuleIds(
  context: ResourceContext,
  type: ProvisionableType,
  body: unknown,
): Promise<RuleIds> {
  if (type !== 'rule_sets') return { rules: [], denyRules: [] };
  const needed = newRulesIn(body);
  const { store } = context.book;
  return {
    rules: needed.rules === 0 ? [] : await store.nextIds(SEQUENCES.rules, needed.rules),
    denyRules: needed.denyRules === 0 ? [] : await store.nextIds(SEQUENCES.denyRules, needed.denyRules),
  };
}
