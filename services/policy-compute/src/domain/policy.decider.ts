/**
 * What may happen to policy objects: drafting, marking for deletion, reverting, provisioning, restoring. One decider for
 * all types of objects; what differs between them is data (objects/). Ids, instants and what other services own
 * (labels, workloads) come in with the command. Folding is in policy-book.ts.
 */
import type { Grant, ProvisionableType } from '@ringfence/contracts';
import { isRejection, reject } from '@ringfence/decider';
import type { Decider, Decision, Rejection } from '@ringfence/decider';
import { kindOf } from '../objects/kinds.js';
import { missingDependencies } from './dependencies.js';
import type { Operation } from './dependencies.js';
import { draftProblem, groupCycleAfter } from './draft-rules.js';
import type { KnownElsewhere } from './draft-rules.js';
import { EMPTY_BOOK, allEntries, chosenPending, entryOf, evolve, pendingOf } from './policy-book.js';
import type { Chosen, Entry, ObjectDrafted, PolicyBook, PolicyEvent, RulesDrafted } from './policy-book.js';
import { keyText } from './policy-object.js';
import type { ObjectKey, PolicyObject, Stamp } from './policy-object.js';
import { referencesOf } from './references.js';
import { ruleChanges } from './rule-changes.js';
import { sameObject, stampRules } from './rule-stamps.js';
import { decidePrincipal } from './security-principals.js';
import type { PrincipalIntent } from './security-principals.js';
import { isSeed, seedEvents } from './seeds.js';
import { decideBind, decideUnbind, endedBindings } from './service-bindings.js';
import type { BindingIntent } from './service-bindings.js';
import { decideSecondPerson, refusedAsOwnWork } from './second-person.js';
import { refusedByScope } from './within-scope.js';

export type PolicyIntent =
  | { readonly do: 'create'; readonly type: ProvisionableType; readonly object: PolicyObject }
  /** `object` is the whole new draft. */
  | { readonly do: 'change'; readonly type: ProvisionableType; readonly object: PolicyObject }
  | { readonly do: 'delete'; readonly type: ProvisionableType; readonly id: string }
  | { readonly do: 'revert'; readonly chosen: Chosen }
  | {
      readonly do: 'provision';
      readonly chosen: Chosen;
      readonly note: string;
      readonly workloadsAffected: number;
    }
  /** Drafts that lead back to these objects, the ones of an older version. */
  | {
      readonly do: 'restore';
      readonly objects: readonly { readonly type: ProvisionableType; readonly object: PolicyObject }[];
    }
  | { readonly do: 'seed' }
  | UndraftedIntent;
type UndraftedIntent =
  /** Whether somebody else must provision it from here on. */
  { readonly do: 'second-person'; readonly required: boolean } | BindingIntent | PrincipalIntent;
export interface PolicyCommand {
  readonly intent: PolicyIntent;
  readonly stamp: Stamp;
  readonly known: KnownElsewhere;
  /** Only what lies within one of these; absent: everything. */
  readonly within?: readonly Grant[];
}

export const policyDecider: Decider<PolicyBook, PolicyCommand, PolicyEvent> = {
  initial: EMPTY_BOOK,
  decide: (book, command) => {
    const { intent, within } = command;
    return (within && refusedByScope(book, intent, within)) ?? decide(book, command);
  },
  evolve,
};

function decide(book: PolicyBook, command: PolicyCommand): Decision<PolicyEvent> {
  const { intent, stamp } = command;
  switch (intent.do) {
    case 'create':
      return decideCreate(book, intent.type, intent.object, command);
    case 'change':
      return decideChange(book, intent.type, intent.object, command);
    case 'delete':
      return decideDelete(book, intent, stamp);
    case 'revert':
      return decideRevert(book, intent.chosen);
    case 'provision':
      return decideProvision(book, intent, stamp);
    case 'restore':
      return decideRestore(book, intent.objects, stamp);
    case 'seed':
      return seedEvents(book, stamp);
    default:
      return decideUndrafted(book, intent, command);
  }
}

/** What needs no draft. */
function decideUndrafted(
  book: PolicyBook,
  intent: UndraftedIntent,
  { known, stamp }: PolicyCommand,
): Decision<PolicyEvent> {
  switch (intent.do) {
    case 'bind':
      return decideBind(book, intent.bindings, known);
    case 'unbind':
      return decideUnbind(book, intent.id);
    case 'second-person':
      return decideSecondPerson(book, intent.required, stamp);
    default:
      return decidePrincipal(book, intent, stamp);
  }
}

function decideCreate(
  book: PolicyBook,
  type: ProvisionableType,
  given: PolicyObject,
  command: PolicyCommand,
): Decision<PolicyEvent> {
  const object = kindOf(type).normalise(given);
  if (isProblem(object)) return object;
  const problem = draftProblem(book, type, object, command.known);
  if (problem !== null) return problem;
  const touched = { created: command.stamp, updated: command.stamp };
  const data = {
    type,
    id: object.id,
    updateType: 'create' as const,
    object: stampRules(object, undefined, command.stamp),
    touched,
  };
  return [{ type: 'PolicyObjectDrafted', data }];
}

function decideChange(
  book: PolicyBook,
  type: ProvisionableType,
  given: PolicyObject,
  command: PolicyCommand,
): Decision<PolicyEvent> {
  const entry = entryOf(book, type, given.id);
  if (entry === undefined) return notFound({ type, id: given.id });
  // A change of what is marked for deletion is accepted and does nothing: clients expect that it does not bring it back.
  if (entry.draft === null) return [];
  const object = kindOf(type).normalise(given);
  if (isProblem(object)) return object;
  if (sameObject(object, entry.draft)) return [];
  if (isSeed(entry) && kindOf(type).ids !== 'single') return seeded(entry);
  const problem = draftProblem(book, type, object, command.known);
  if (problem !== null) return problem;
  if (entry.active !== null && sameObject(object, entry.active)) return [revertedEvent(entry)];
  return [draftedEvent(entry, object, command.stamp)];
}

function draftedEvent(entry: Entry, object: PolicyObject | null, stamp: Stamp): ObjectDrafted | RulesDrafted {
  const { type, id, draft, active } = entry;
  const touched = { created: entry.touched.created, updated: stamp };
  if (object === null)
    return { type: 'PolicyObjectDrafted', data: { type, id, updateType: 'delete', object, touched } };
  const updateType = active === null ? 'create' : 'update';
  const stamped = stampRules(object, entry, stamp);
  const lists = draft && ruleChanges(draft, stamped);
  return type === 'rule_sets' && lists !== null
    ? { type: 'PolicyRulesDrafted', data: { type, id, updateType, lists, touched } }
    : { type: 'PolicyObjectDrafted', data: { type, id, updateType, object: stamped, touched } };
}

const revertedEvent = ({ type, id }: Entry): PolicyEvent => ({
  type: 'PolicyObjectReverted',
  data: { type, id },
});

function decideDelete(book: PolicyBook, key: ObjectKey, stamp: Stamp): Decision<PolicyEvent> {
  const entry = entryOf(book, key.type, key.id);
  if (entry === undefined) return notFound(key);
  if (isSeed(entry)) return seeded(entry);
  if (entry.draft === null) return [];
  const user = userOf(book, key);
  const { noun, referenced } = kindOf(key.type);
  if (user !== undefined && referenced !== null) {
    return reject(referenced, `the ${noun} is named by ${describe(user)}, in draft or still active`);
  }
  return [entry.active === null ? revertedEvent(entry) : draftedEvent(entry, null, stamp)];
}

/** The first object that names this one, in draft or in what is still active. */
function userOf(book: PolicyBook, key: ObjectKey): Entry | undefined {
  return [...allEntries(book)].find((entry) =>
    [entry.draft, entry.active].some(
      (object) =>
        object !== null &&
        referencesOf(entry.type, object).some(({ kind, id }) => kind === key.type && id === key.id),
    ),
  );
}

function decideRevert(book: PolicyBook, chosen: Chosen): Decision<PolicyEvent> {
  const entries = chosenPending(book, chosen);
  return together(book, entries, 'revert') ?? entries.map(revertedEvent);
}

function decideProvision(
  book: PolicyBook,
  { chosen, note, workloadsAffected }: { chosen: Chosen; note: string; workloadsAffected: number },
  stamp: Stamp,
): Decision<PolicyEvent> {
  const entries = chosenPending(book, chosen);
  if (entries.length === 0)
    return reject('nothing-to-provision', 'none of the chosen objects has a pending change');
  const problem = refusedAsOwnWork(book, entries, stamp) ?? together(book, entries, 'commit');
  if (problem !== null) return problem;
  const changes = entries.map(({ type, id, updateType }) => ({ type, id, updateType: updateType! }));
  return [
    {
      type: 'PolicyProvisioned',
      data: { version: String(book.version + 1), note, changes, workloadsAffected },
    },
    ...endedBindings(book, changes),
  ];
}

/** Whether these may be provisioned or reverted without others. */
const DEPENDENCIES_MISSING = {
  commit: 'commit-dependencies-missing',
  revert: 'revert-dependencies-missing',
} as const;

function together(book: PolicyBook, entries: readonly Entry[], operation: Operation): Rejection | null {
  const missing = missingDependencies(book, entries, operation);
  if (missing.length === 0) return groupCycleAfter(book, entries, operation);
  const named = missing.map(({ dependency, requiredBy }) => {
    const by = requiredBy.map((key) => describe(entryOf(book, key.type, key.id)!));
    return `${describe(entryOf(book, dependency.type, dependency.id)!)} (required by ${by.join(', ')})`;
  });
  return reject(DEPENDENCIES_MISSING[operation], `the subset also needs: ${named.join('; ')}`);
}

function decideRestore(
  book: PolicyBook,
  objects: readonly { readonly type: ProvisionableType; readonly object: PolicyObject }[],
  stamp: Stamp,
): Decision<PolicyEvent> {
  if (pendingOf(book).length > 0)
    return reject('pending-changes', 'provision or revert what is pending before restoring a version');
  const wanted = new Map(
    objects.map(({ type, object }) => [keyText({ type, id: object.id }), { type, object }]),
  );
  const changed = [...wanted.values()].flatMap(({ type, object }) => {
    const entry = entryOf(book, type, object.id) ?? absentEntry(type, object.id, stamp);
    return entry.active !== null && sameObject(entry.active, object)
      ? []
      : [draftedEvent(entry, object, stamp)];
  });
  const gone = [...allEntries(book)].filter((entry) => !wanted.has(keyText(entry)) && !isSeed(entry));
  return [...changed, ...gone.map((entry) => draftedEvent(entry, null, stamp))];
}

const absentEntry = (type: ProvisionableType, id: string, stamp: Stamp): Entry => ({
  type,
  id,
  draft: null,
  active: null,
  updateType: null,
  touched: { created: stamp, updated: stamp },
  activeTouched: null,
  writers: [],
});

const isProblem = (given: PolicyObject | Rejection): given is Rejection =>
  'reason' in given && isRejection(given);

function describe(entry: Entry): string {
  const name = (entry.draft ?? entry.active)?.name ?? entry.id;
  return `${kindOf(entry.type).noun} "${name}" (${entry.id})`;
}
const notFound = (key: ObjectKey): Rejection =>
  reject('not-found-error', `there is no ${kindOf(key.type).noun} ${key.id}`, 'NOT_FOUND');
const seeded = (entry: Entry): Rejection =>
  reject(
    'object-is-built-in',
    `the ${describe(entry)} comes with the product and stays as it is`,
    'FAILED_PRECONDITION',
  );
