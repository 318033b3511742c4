/** What differs between two policies in words, object by object and line by line. Pure; order and ways of writing do not matter. */
import { PolicyFile } from './policy-file.js';
import { KINDS } from './policy-kinds.js';
import type { Kind } from './policy-kinds.js';
import type { PolicyInWords, Words } from './policy-in-words.js';

export interface ObjectDifference {
  readonly kind: Kind;
  readonly name: string;
  readonly change: 'created' | 'changed' | 'deleted';
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export function policyDifference(before: PolicyInWords, after: PolicyInWords): ObjectDifference[] {
  return KINDS.flatMap((kind) => {
    const [old, now] = [byName(kind, before[kind]), byName(kind, after[kind])];
    const names = [...new Set([...old.keys(), ...now.keys()])].sort();
    return names.flatMap((name) => differenceOf(kind, name, old.get(name), now.get(name)));
  });
}

export const nameOf = (kind: Kind, { key, name }: Words): string =>
  kind === 'firewall_settings' ? '' : String(kind === 'label_types' ? key : name);

/**
 * As if the documents were in force: what they do not name stays, unless it belongs to one of their owners. An owner, and who is bound to a
 * virtual service, stays where they do not say.
 */
export function withDocuments(
  before: PolicyInWords,
  { policy, owners }: { readonly policy: PolicyFile; readonly owners: ReadonlySet<string> },
): PolicyInWords {
  const after = (kind: Kind): readonly Words[] => {
    const said = byName(kind, saidOf(policy, kind));
    const old = byName(kind, before[kind]);
    const kept = [...old].filter(([name, { owner }]) => !said.has(name) && !owners.has(String(owner)));
    const now = [...said].map(
      ([name, words]) => [name, { ...unsaidOf(kind, old.get(name)), ...present(words) }] as const,
    );
    return [...new Map<string, Words>([...kept, ...now]).values()];
  };
  return Object.fromEntries(KINDS.map((kind) => [kind, after(kind)])) as unknown as PolicyInWords;
}

function saidOf(policy: PolicyFile, kind: Kind): readonly Words[] {
  if (kind !== 'firewall_settings') return policy[kind];
  return policy.firewall_settings === undefined ? [] : [policy.firewall_settings];
}

const present = (words: Words): Words =>
  Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));

function unsaidOf(kind: Kind, before: Words = {}): Words {
  return present({
    owner: before['owner'],
    ...(kind === 'virtual_services' && { workloads: before['workloads'] }),
  });
}

/** Of services that share a name the first one counts, as it does for every client that asks by name. */
const byName = (kind: Kind, all: readonly Words[]): Map<string, Words> =>
  new Map(all.toReversed().map((one) => [nameOf(kind, one), one]));

function differenceOf(
  kind: Kind,
  name: string,
  before: Words | undefined,
  after: Words | undefined,
): ObjectDifference[] {
  // They are always there.
  const none = kind === 'firewall_settings' ? {} : undefined;
  const [old, now] = [before ?? none, after ?? none];
  if (old !== undefined && now !== undefined && saysTheSame(kind, old, now)) return [];
  const lines = (one: Words | undefined): string[] =>
    one === undefined ? [] : linesOf(kind, normalOf(kind, one));
  const [removed, added] = [without(lines(old), lines(now)), without(lines(now), lines(old))];
  return [{ kind, name, change: changeWord(old, now), added, removed }];
}

const changeWord = (before: Words | undefined, after: Words | undefined): ObjectDifference['change'] =>
  before === undefined ? 'created' : after === undefined ? 'deleted' : 'changed';

export const saysTheSame = (kind: Kind, one: Words, other: Words): boolean =>
  canonical(normalOf(kind, one)) === canonical(normalOf(kind, other));

/** As the schema of documents reads it: each way of writing becomes the same, defaults are filled in. What it cannot read stays as it is. */
function normalOf(kind: Kind, words: Words): Words {
  const given = kind === 'firewall_settings' ? words : [words];
  const read = PolicyFile.safeParse({ [kind]: given });
  if (!read.success) return words;
  return saidOf(read.data, kind)[0]!;
}

/** Text that is the same where only the order of a list, or of fields, is not; empty and absent are one. */
export function canonical(value: unknown): string {
  return JSON.stringify(ordered(value)) ?? 'null';
}

function ordered(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return undefined;
  if (Array.isArray(value)) {
    const texts = value.map((item) => canonical(item)).sort();
    return texts.length === 0 ? undefined : texts;
  }
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, ordered(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return entries.length === 0 ? undefined : entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Each as often as it is more often there. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** What an object says, a line for each thing that can be there or not. */
function linesOf(kind: Kind, object: Words): string[] {
  const disabled = object['enabled'] === false ? ['disabled'] : [];
  const plain = Object.entries(object).flatMap(([field, value]) =>
    STRUCTURED.has(field) || value === undefined || value === '' ? [] : plainLines(field, value),
  );
  if (kind === 'boundaries') return [...plain, `deny ${ruleLine(object)}`];
  if (kind !== 'rule_sets') return plain;
  const list = (field: string): readonly Words[] => (object[field] ?? []) as readonly Words[];
  const scopes = list('scopes').map((scope) => `scope: ${sideText(scope) || 'all'}`);
  return [
    ...plain,
    ...(scopes.length === 0 ? ['scope: all'] : scopes),
    ...list('rules').map((rule) => `allow ${ruleLine(rule)}`),
    ...list('deny_rules').map(
      (rule) => `${rule['override'] === true ? 'override deny' : 'deny'} ${ruleLine(rule)}`,
    ),
    ...disabled,
  ];
}

const STRUCTURED = new Set([
  'name',
  'enabled',
  'scopes',
  'rules',
  'deny_rules',
  'from',
  'to',
  'on',
  'network',
]);

const plainLines = (field: string, value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((item) => {
    const text = valueText(item);
    return text === '' ? [] : [`${field}: ${text}`];
  });

export function ruleLine(rule: Words): string {
  const on = (rule['on'] as unknown[]).map(serviceText).sort();
  const as = (rule['labels_as'] ?? {}) as Words;
  const meaning = ['from', 'to'].filter((side) => (as[side] ?? 'workloads') !== 'workloads');
  const words = [
    `from ${sideText(rule['from'])} to ${sideText(rule['to'])} on ${on.join(', ') || 'ports of its own'}`,
    ...meaning.map((side) => `labels of ${side} are ${String(as[side])}`),
    ...(rule['extra_scope'] === true ? ['extra_scope'] : []),
    ...(rule['network'] === 'all' ? ['all networks'] : []),
    ...(rule['log'] === true ? ['logged'] : []),
    ...((rule['subnets_of'] ?? []) as string[]).map((side) => `subnets of ${side}`),
    ...(rule['enabled'] === false ? ['disabled'] : []),
    ...(rule['description'] ? [`"${String(rule['description'])}"`] : []),
  ];
  return words.join(', ');
}

const serviceText = (words: unknown): string =>
  typeof words === 'object' && words !== null
    ? `service ${String((words as Words)['service'])}`
    : String(words);

/** `all`, `role=api|web`, `env=prod, not role=db`. */
export function sideText(side: unknown): string {
  if (side === 'all') return 'all';
  const { not, ...words } = side as Words;
  const excluded =
    not === undefined ? '' : `${Object.keys(words).length === 0 ? '' : ', '}not ${valueText(not)}`;
  return `${valueText(words)}${excluded}`;
}

/** One value and a list of it are the same. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).sort().join('|');
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value as Words).filter(([, inner]) => inner !== undefined);
  if (entries.length === 1 && entries[0]![0] === 'value') return valueText(entries[0]![1]);
  return entries
    .map(([key, inner]) => (inner === true ? key : `${key}=${valueText(inner)}`))
    .sort()
    .join(' ');
}
