/** What differs between two policies in words, object by object and line by line. Pure; order and ways of writing do not matter. */
import { KINDS } from './policy-in-words.js';
import type { Kind, PolicyInWords, Words } from './policy-in-words.js';

export interface ObjectDifference {
  readonly kind: Kind;
  readonly name: string;
  readonly change: 'created' | 'changed' | 'deleted';
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export function policyDifference(before: PolicyInWords, after: PolicyInWords): ObjectDifference[] {
  return KINDS.flatMap((kind) => {
    const [old, now] = [byName(before[kind]), byName(after[kind])];
    const names = [...new Set([...old.keys(), ...now.keys()])].sort();
    return names.flatMap((name) => differenceOf(kind, name, old.get(name), now.get(name)));
  });
}

/** A file says nothing of what it does not name: that stays. */
export function withFile(before: PolicyInWords, file: Partial<PolicyInWords>): PolicyInWords {
  const merged = (kind: Kind): readonly Words[] => [
    ...new Map([...byName(before[kind]), ...byName(file[kind] ?? [])]).values(),
  ];
  return Object.fromEntries(KINDS.map((kind) => [kind, merged(kind)])) as unknown as PolicyInWords;
}

/** Those of some objects only. */
export const differenceOfObjects = (
  differences: readonly ObjectDifference[],
  names: Partial<PolicyInWords>,
): ObjectDifference[] =>
  differences.filter(({ kind, name }) => (names[kind] ?? []).some((one) => one['name'] === name));

const byName = (all: readonly Words[]): Map<string, Words> =>
  new Map(all.map((one) => [String(one['name']), one]));

function differenceOf(
  kind: Kind,
  name: string,
  before: Words | undefined,
  after: Words | undefined,
): ObjectDifference[] {
  const [old, now] = [before, after].map((one) => (one === undefined ? [] : linesOf(kind, one)));
  const added = without(now!, old!);
  const removed = without(old!, now!);
  if (before !== undefined && after !== undefined && added.length + removed.length === 0) return [];
  const change = before === undefined ? 'created' : after === undefined ? 'deleted' : 'changed';
  return [{ kind, name, change, added, removed }];
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
  if (kind === 'boundaries') return [`deny ${ruleLine(object)}`];
  const plain = Object.entries(object).flatMap(([field, value]) =>
    STRUCTURED.has(field) || value === undefined || value === '' ? [] : plainLines(field, value),
  );
  if (kind !== 'rule_sets') return plain;
  const list = (field: string): readonly Words[] => (object[field] ?? []) as readonly Words[];
  const scopes = list('scopes').map((scope) => `scope: ${valueText(scope) || 'all'}`);
  return [
    ...plain,
    ...(scopes.length === 0 ? ['scope: all'] : scopes),
    ...list('rules').map((rule) => `allow ${ruleLine(rule)}`),
    ...list('deny_rules').map(
      (rule) => `${rule['override'] === true ? 'override deny' : 'deny'} ${ruleLine(rule)}`,
    ),
    ...(object['enabled'] === false ? ['disabled'] : []),
  ];
}

const STRUCTURED = new Set(['name', 'enabled', 'scopes', 'rules', 'deny_rules']);

const plainLines = (field: string, value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).map((item) => `${field}: ${valueText(item)}`);

export function ruleLine(rule: Words): string {
  const words = [
    `from ${sideText(rule['from'])} to ${sideText(rule['to'])} on ${(rule['on'] as unknown[]).map(String).sort().join(', ')}`,
    ...(rule['extra_scope'] === true ? ['extra_scope'] : []),
    ...(rule['enabled'] === false ? ['disabled'] : []),
    ...(rule['description'] ? [`"${String(rule['description'])}"`] : []),
  ];
  return words.join(', ');
}

/** `all`, `role=api|web`, `env=prod, not role=db`. */
export function sideText(side: unknown): string {
  if (side === 'all') return 'all';
  const { not, ...words } = side as Words;
  const excluded = not === undefined ? '' : `, not ${valueText(not)}`;
  return `${valueText(words)}${excluded}`;
}

/** One value and a list of it are the same. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).sort().join('|');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value as Words)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => (inner === true ? key : `${key}=${valueText(inner)}`))
    .sort()
    .join(' ');
}
