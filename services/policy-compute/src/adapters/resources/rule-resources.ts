/** Rules and deny rules at their own addresses: each change is a change of the draft of their rule set. */
import { DenyRuleCreate, DenyRuleUpdate, RuleCreate, RuleUpdate } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { exact, invalid, notFound, page, parsed, refuseIfChanged } from '@ringfence/resources';
import { entryOf } from '../../domain/policy-book.js';
import type { Entry, PolicyBook } from '../../domain/policy-book.js';
import type { PolicyIntent } from '../../domain/policy.decider.js';
import type { PolicyObject, StoredDenyRule, StoredRule } from '../../domain/policy-object.js';
import { placedRules, RULE_SEQUENCES } from '../../objects/rule-sets.js';
import {
  denyRuleFrom,
  emptyDenyRule,
  emptyRule,
  ruleFrom,
  showDenyRule,
  showRule,
} from '../../objects/rules.js';
import type { Body, View } from '../../objects/view.js';
import type { RuleCollection } from '../../objects/hrefs.js';
import type { Shown } from '../../objects/object-kind.js';
import { shownObject, viewIn, viewOf } from './object-resources.js';
import { draftOnly, execute } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';

type RuleSetObject = PolicyObject<'rule_sets'>;

const external = (field: string) => exact<Body>((body) => body[field] as string | null);
const FILTERS = {
  external_data_set: external('external_data_set'),
  external_data_reference: external('external_data_reference'),
};

export async function answerRules(
  context: ResourceContext,
  collection: RuleCollection,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const [ruleSet = '', id = ''] = request.ids;
  switch (request.op) {
    case 'list':
      return list(context, collection, request, ruleSet);
    case 'get':
      return { body: await get(context, collection, { request, ruleSet, id }) };
    case 'create':
      return { body: await create(context, collection, request, ruleSet) };
    case 'update':
      draftOnly(request);
      await execute(context, request, (book) => {
        unchangedSince(context, book, collection, { request, ruleSet, id });
        return updated(book, collection, { request, ruleSet, id });
      });
      return {};
    case 'delete':
      draftOnly(request);
      await execute(context, request, (book) => {
        unchangedSince(context, book, collection, { request, ruleSet, id });
        return deleted(book, collection, { request, ruleSet, id });
      });
      return {};
    default:
      throw invalid(`${collection} has no operation "${request.op}"`);
  }
}

interface Place {
  readonly request: ResourceRequest;
  readonly ruleSet: string;
  readonly id: string;
}

/** All of them, or the one with this id if there is one. */
function shownRules(collection: RuleCollection, shown: Shown<'rule_sets'>, view: View, id?: string): Body[] {
  const { touched } = shown;
  return collection === 'sec_rules'
    ? placedRules(shown, view, 'rules', id).map((placed) => showRule(placed, view, touched))
    : placedRules(shown, view, 'denyRules', id).map((placed) => showDenyRule(placed, view, touched));
}

/** As the caller has read it, where he says so. */
function unchangedSince(
  context: ResourceContext,
  book: PolicyBook,
  collection: RuleCollection,
  { request, ruleSet, id }: Place,
): void {
  const entry = entryOf(book, 'rule_sets', ruleSet);
  const object = entry?.draft ?? entry?.active;
  if (entry === undefined || !object) return;
  const view = viewIn(context, request, book);
  refuseIfChanged(request.ifMatch, () =>
    oneRule(collection, { object, touched: entry.touched, entry }, view, id),
  );
}

async function list(
  context: ResourceContext,
  collection: RuleCollection,
  request: ResourceRequest,
  ruleSet: string,
): Promise<ResourceResponse> {
  const view = await viewOf(context, request);
  const ofSet = await shownObject(context, 'rule_sets', ruleSet, view);
  const bodies = shownRules(collection, ofSet as Shown<'rule_sets'>, view);
  const { matched, shown } = page(bodies, request.query, FILTERS);
  return { body: shown, total: bodies.length, matched: matched.length };
}

async function get(
  context: ResourceContext,
  collection: RuleCollection,
  { request, ruleSet, id }: Place,
): Promise<Body> {
  const view = await viewOf(context, request);
  const ofSet = await shownObject(context, 'rule_sets', ruleSet, view);
  return oneRule(collection, ofSet as Shown<'rule_sets'>, view, id);
}

function oneRule(collection: RuleCollection, ofSet: Shown<'rule_sets'>, view: View, id: string): Body {
  const [body] = shownRules(collection, ofSet, view, id);
  if (body === undefined) throw notFound(`${collection} ${id} in this rule set`);
  return body;
}

async function create(
  context: ResourceContext,
  collection: RuleCollection,
  request: ResourceRequest,
  ruleSet: string,
): Promise<Body> {
  draftOnly(request);
  const sequence = collection === 'sec_rules' ? RULE_SEQUENCES.rules : RULE_SEQUENCES.denyRules;
  const id = (await context.book.store.nextIds(sequence))[0]!;
  await execute(context, request, (book) => {
    const draft = draftOf(book, ruleSet);
    const object: RuleSetObject =
      collection === 'sec_rules'
        ? { ...draft, rules: [...draft.rules, ruleFrom(parsed(RuleCreate, request.body), emptyRule(id))] }
        : {
            ...draft,
            denyRules: [
              ...draft.denyRules,
              denyRuleFrom(parsed(DenyRuleCreate, request.body), emptyDenyRule(id)),
            ],
          };
    return { do: 'change', type: 'rule_sets', object };
  });
  return get(context, collection, { request, ruleSet, id });
}

function updated(book: PolicyBook, collection: RuleCollection, place: Place): PolicyIntent {
  const { request, id } = place;
  return changed(book, collection, place, (draft) =>
    collection === 'sec_rules'
      ? {
          ...draft,
          rules: draft.rules.map((rule) =>
            rule.id === id ? ruleFrom(parsed(RuleUpdate, request.body), rule) : rule,
          ),
        }
      : {
          ...draft,
          denyRules: draft.denyRules.map((rule) =>
            rule.id === id ? denyRuleFrom(parsed(DenyRuleUpdate, request.body), rule) : rule,
          ),
        },
  );
}

function deleted(book: PolicyBook, collection: RuleCollection, place: Place): PolicyIntent {
  const others = (rule: { readonly id: string }): boolean => rule.id !== place.id;
  return changed(book, collection, place, (draft) =>
    collection === 'sec_rules'
      ? { ...draft, rules: draft.rules.filter(others) }
      : { ...draft, denyRules: draft.denyRules.filter(others) },
  );
}

/** Of a rule that is in the draft. One marked for deletion: accepted and without effect, as for whole objects. */
function changed(
  book: PolicyBook,
  collection: RuleCollection,
  { ruleSet, id }: Place,
  change: (draft: RuleSetObject) => RuleSetObject,
): PolicyIntent {
  const entry = ruleSetOf(book, ruleSet);
  const { draft } = entry;
  const isThere =
    draft !== null && (collection === 'sec_rules' ? has(draft.rules, id) : has(draft.denyRules, id));
  if (!isThere) return unchanged(entry, collection, id);
  return { do: 'change', type: 'rule_sets', object: change(draft) };
}

/** An intent without effect, for a rule that is still active; 404 for one that is nowhere. */
function unchanged(entry: Entry<'rule_sets'>, collection: RuleCollection, id: string): PolicyIntent {
  const active: readonly (StoredRule | StoredDenyRule)[] =
    entry.active?.[collection === 'sec_rules' ? 'rules' : 'denyRules'] ?? [];
  if (!has(active, id)) throw notFound(`${collection} ${id} in rule set ${entry.id}`);
  return { do: 'change', type: 'rule_sets', object: (entry.draft ?? entry.active)! };
}

const has = (rules: readonly { readonly id: string }[], id: string): boolean =>
  rules.some((rule) => rule.id === id);

function ruleSetOf(book: PolicyBook, id: string): Entry<'rule_sets'> {
  const entry = entryOf(book, 'rule_sets', id);
  if (entry === undefined) throw notFound(`rule_sets ${id}`);
  return entry;
}

function draftOf(book: PolicyBook, id: string): RuleSetObject {
  const { draft } = ruleSetOf(book, id);
  if (draft === null) throw invalid(`rule set ${id} is marked for deletion`);
  return draft;
}
