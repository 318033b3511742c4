/**
 * The whole policy, draft and active: one aggregate, because its promises (names, references, "in use", a provision that
 * is all or nothing) span objects. Folds events; decisions are in policy.decider.ts, differences between types in objects/.
 */
import { COMPUTED_TYPES, PROVISIONABLE_TYPES } from '@ringfence/contracts';
import type { Actor, PolicyObjects, ProvisionableType } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { keyText } from './policy-object.js';
import type {
  ObjectKey,
  PolicyObject,
  Stamp,
  StoredBinding,
  StoredPrincipal,
  Touched,
  UpdateType,
} from './policy-object.js';
import { withRuleChanges } from './rule-changes.js';
import type { RuleChanges } from './rule-changes.js';

/** One object in both forms. `draft` is null when it is marked for deletion, `active` when it was never provisioned. */
export interface Entry<T extends ProvisionableType = ProvisionableType> {
  readonly type: T;
  readonly id: string;
  readonly draft: PolicyObject<T> | null;
  readonly active: PolicyObject<T> | null;
  readonly updateType: UpdateType | null;
  readonly touched: Touched;
  /** Of the active form: as `touched` was when it was provisioned. */
  readonly activeTouched: Touched | null;
  /** Who wrote of what is pending: everybody since it was provisioned or reverted, each once. */
  readonly writers: readonly Actor[];
}

export type ObjectsByType = Readonly<Record<ProvisionableType, ReadonlyMap<string, Entry>>>;
/** Whether nobody provisions what he wrote himself; who said so last, if anybody did. */
export interface SecondPerson {
  readonly required: boolean;
  readonly said: Stamp | null;
}
export interface PolicyBook {
  /** The policy version in force; 0 before the first. */
  readonly version: number;
  readonly objects: ObjectsByType;
  /** Workloads behind virtual services, in force as they are. */
  readonly bindings: ReadonlyMap<string, StoredBinding>;
  /** By SID; no policy follows from them. */
  readonly principals: ReadonlyMap<string, StoredPrincipal>;
  readonly secondPerson: SecondPerson;
}

/** One map per type. */
export const objectsByType = <V>(make: () => V): Record<ProvisionableType, V> =>
  Object.fromEntries(PROVISIONABLE_TYPES.map((type) => [type, make()])) as Record<ProvisionableType, V>;

export const EMPTY_BOOK: PolicyBook = {
  version: 0,
  objects: objectsByType(() => new Map()),
  bindings: new Map(),
  principals: new Map(),
  secondPerson: { required: false, said: null },
};

export interface ObjectDrafted {
  readonly type: 'PolicyObjectDrafted';
  readonly data: {
    readonly type: ProvisionableType;
    readonly id: string;
    readonly updateType: UpdateType;
    /** Null when it is marked for deletion. */
    readonly object: PolicyObject | null;
    readonly touched: Touched;
  };
}
/** Of a draft that stays as it was but for these rules. */
export interface RulesDrafted {
  readonly type: 'PolicyRulesDrafted';
  readonly data: {
    readonly type: 'rule_sets';
    readonly id: string;
    readonly updateType: UpdateType;
    readonly lists: RuleChanges;
    readonly touched: Touched;
  };
}
export interface ObjectReverted {
  readonly type: 'PolicyObjectReverted';
  readonly data: ObjectKey;
}
export interface Change extends ObjectKey {
  readonly updateType: UpdateType;
}
export interface Provisioned {
  readonly type: 'PolicyProvisioned';
  readonly data: {
    readonly version: string;
    readonly note: string;
    readonly changes: readonly Change[];
    readonly workloadsAffected: number;
  };
}
export interface ServiceBound {
  readonly type: 'ServiceBound';
  readonly data: StoredBinding;
}
export interface ServiceUnbound {
  readonly type: 'ServiceUnbound';
  readonly data: { readonly id: string };
}
export interface PrincipalWritten {
  readonly type: 'SecurityPrincipalWritten';
  readonly data: StoredPrincipal;
}
export interface PrincipalDeleted {
  readonly type: 'SecurityPrincipalDeleted';
  readonly data: { readonly id: string };
}
export interface SecondPersonChanged {
  readonly type: 'SecondPersonChanged';
  readonly data: { readonly id: string; readonly required: boolean; readonly said: Stamp };
}
export type PolicyEvent =
  | ObjectDrafted
  | RulesDrafted
  | ObjectReverted
  | Provisioned
  | ServiceBound
  | ServiceUnbound
  | PrincipalWritten
  | PrincipalDeleted
  | SecondPersonChanged;
/** What changes policy that is in force; the others are of drafts. */
export const IN_FORCE_AT_ONCE: ReadonlySet<string> = new Set<PolicyEvent['type']>([
  'PolicyProvisioned',
  'ServiceBound',
  'ServiceUnbound',
]);

export function entryOf<T extends ProvisionableType>(
  book: PolicyBook,
  type: T,
  id: string,
): Entry<T> | undefined {
  return book.objects[type].get(id) as Entry<T> | undefined;
}
export function entriesOf<T extends ProvisionableType>(book: PolicyBook, type: T): Iterable<Entry<T>> {
  return book.objects[type].values() as Iterable<Entry<T>>;
}
export function* allEntries(book: PolicyBook): Iterable<Entry> {
  for (const type of PROVISIONABLE_TYPES) yield* book.objects[type].values();
}
export const pendingOf = (book: PolicyBook): Entry[] =>
  [...allEntries(book)].filter((entry) => entry.updateType !== null);

export type Chosen = readonly ObjectKey[] | 'all';

export function chosenPending(book: PolicyBook, chosen: Chosen): Entry[] {
  const pending = pendingOf(book);
  if (chosen === 'all') return pending;
  const wanted = new Set(chosen.map(keyText));
  return pending.filter((entry) => wanted.has(keyText(entry)));
}

/** What stands in one of the two forms, without what is not there. */
export type Form = 'draft' | 'active';
export function* objectsIn(
  book: PolicyBook,
  form: Form,
): Iterable<{ type: ProvisionableType; object: PolicyObject }> {
  for (const entry of allEntries(book)) {
    const object = entry[form];
    if (object !== null) yield { type: entry.type, object };
  }
}

/** Everything that policy is computed from, in the order that evaluation goes by: ascending id. */
export function policyObjects(book: PolicyBook, form: Form): PolicyObjects {
  const standing = (type: ProvisionableType): PolicyObject[] =>
    [...entriesOf(book, type)].flatMap((entry) => entry[form] ?? []);
  const byType = Object.fromEntries(
    COMPUTED_TYPES.map((type) => [
      type,
      type === 'service_bindings' ? [...book.bindings.values()] : standing(type),
    ]),
  );
  return { version: book.version, ...byType } as PolicyObjects;
}

/** One event, on a copy of the one map that it touches. */
export function evolve(book: PolicyBook, event: PolicyEvent): PolicyBook {
  switch (event.type) {
    case 'PolicyObjectDrafted': {
      const { type, id } = event.data;
      return withEntry(book, { type, id }, drafted(book.objects[type].get(id), event.data));
    }
    case 'PolicyRulesDrafted':
      return withEntry(book, event.data, rulesDrafted(entryOf(book, 'rule_sets', event.data.id), event.data));
    case 'PolicyObjectReverted':
      return withEntry(book, event.data, reverted(book.objects[event.data.type].get(event.data.id)));
    case 'PolicyProvisioned':
      return provisioned(book, event.data);
    case 'ServiceBound':
      return { ...book, bindings: new Map(book.bindings).set(event.data.id, event.data) };
    case 'ServiceUnbound':
      return { ...book, bindings: without(book.bindings, event.data.id) };
    case 'SecurityPrincipalWritten':
      return { ...book, principals: new Map(book.principals).set(event.data.id, event.data) };
    case 'SecurityPrincipalDeleted':
      return { ...book, principals: without(book.principals, event.data.id) };
    case 'SecondPersonChanged': {
      const { required, said } = event.data;
      return { ...book, secondPerson: { required, said } };
    }
  }
}

const without = <V>(map: ReadonlyMap<string, V>, id: string): ReadonlyMap<string, V> =>
  new Map([...map].filter(([each]) => each !== id));

function drafted(before: Entry | undefined, data: ObjectDrafted['data']): Entry {
  return {
    type: data.type,
    id: data.id,
    draft: data.object,
    active: before?.active ?? null,
    updateType: data.updateType,
    touched: data.touched,
    activeTouched: before?.activeTouched ?? null,
    writers: withWriter(before?.writers ?? [], data.touched),
  };
}

function rulesDrafted(before: Entry<'rule_sets'> | undefined, data: RulesDrafted['data']): Entry | null {
  if (before === undefined || before.draft === null) return before ?? null;
  const { updateType, touched, lists } = data;
  const writers = withWriter(before.writers, touched);
  return { ...before, draft: withRuleChanges(before.draft, lists), updateType, touched, writers };
}

const withWriter = (writers: readonly Actor[], { updated: { by } }: Touched): readonly Actor[] =>
  writers.some((each) => isSameValue(each, by)) ? writers : [...writers, by];

/** Back to the active form; nothing at all where there is none. */
function reverted(before: Entry | undefined): Entry | null {
  if (before === undefined || before.active === null) return null;
  return {
    ...before,
    draft: before.active,
    updateType: null,
    touched: before.activeTouched ?? before.touched,
    writers: [],
  };
}

function provisioned(book: PolicyBook, data: Provisioned['data']): PolicyBook {
  const objects: Record<ProvisionableType, ReadonlyMap<string, Entry>> = { ...book.objects };
  for (const type of PROVISIONABLE_TYPES) {
    const changes = data.changes.filter((change) => change.type === type);
    if (changes.length > 0) objects[type] = enforced(objects[type], changes);
  }
  return { ...book, version: Number(data.version), objects };
}

function enforced(
  entries: ReadonlyMap<string, Entry>,
  changes: readonly Change[],
): ReadonlyMap<string, Entry> {
  const after = new Map(entries);
  for (const { id } of changes) {
    const entry = after.get(id);
    if (entry === undefined) continue;
    if (entry.draft === null) after.delete(id);
    else {
      const { draft: active, touched: activeTouched } = entry;
      after.set(id, { ...entry, active, updateType: null, activeTouched, writers: [] });
    }
  }
  return after;
}

function withEntry(book: PolicyBook, key: ObjectKey, entry: Entry | null): PolicyBook {
  const entries = new Map(book.objects[key.type]);
  if (entry === null) entries.delete(key.id);
  else entries.set(key.id, entry);
  return { ...book, objects: { ...book.objects, [key.type]: entries } };
}
