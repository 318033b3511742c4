/** Label selectors (equality and set based, as text and as objects) and field selectors (equality on any path). */
import { valueAt } from './json.js';
import type { KubeObject, LabelRequirement, LabelSelector } from './kube-object.js';
import { badRequest } from './status-error.js';

export type ObjectFilter = (object: KubeObject) => boolean;

type Labels = Record<string, string> | undefined;

type Captured = Record<string, string>;

/** The forms a requirement can take as text, tried in turn. */
const forms: { pattern: RegExp; read: (captured: Captured) => Omit<LabelRequirement, 'key'> }[] = [
  {
    pattern: /^(?<key>[^\s!=,()]+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)$/,
    read: ({ operator, values = '' }) => ({
      operator: operator === 'in' ? 'In' : 'NotIn',
      values: values.split(',').map((value) => value.trim()),
    }),
  },
  {
    pattern: /^(?<key>[^\s!=,()]+)\s*(?<operator>==|=|!=)\s*(?<value>[^\s!=,()]*)$/,
    read: ({ operator, value = '' }) => ({ operator: operator === '!=' ? 'NotIn' : 'In', values: [value] }),
  },
  {
    pattern: /^(?<key>[^\s!=,()<>]+)\s*(?<operator>[<>])\s*(?<value>-?\d+)$/,
    read: ({ operator, value = '' }) => ({ operator: operator === '>' ? 'Gt' : 'Lt', values: [value] }),
  },
  {
    pattern: /^(?<not>!?)\s*(?<key>[^\s!=,()]+)$/,
    read: ({ not }) => ({ operator: not === '!' ? 'DoesNotExist' : 'Exists' }),
  },
];

function parseLabelSelector(text: string): LabelRequirement[] {
  return splitOutsideParentheses(text).map(parseRequirement);
}

function splitOutsideParentheses(text: string): string[] {
  return text
    .split(/,(?![^()]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseRequirement(text: string): LabelRequirement {
  for (const { pattern, read } of forms) {
    const captured = pattern.exec(text)?.groups;
    if (captured !== undefined) return { key: captured['key'] ?? '', ...read(captured) };
  }
  throw badRequest(`unable to parse requirement: ${text}`);
}

type Operator = (value: string | undefined, values: readonly string[]) => boolean;

const operators: Readonly<Record<string, Operator>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
  Gt: (value, values) => value !== undefined && Number(value) > Number(values[0]),
  Lt: (value, values) => value !== undefined && Number(value) < Number(values[0]),
};

/** A requirement with an operator nobody knows is met by nothing. */
function meetsRequirement(labels: Labels, { key, operator, values = [] }: LabelRequirement): boolean {
  return operators[operator]?.(labels?.[key], values) ?? false;
}

export function meetsAll(labels: Labels, requirements: readonly LabelRequirement[]): boolean {
  return requirements.every((requirement) => meetsRequirement(labels, requirement));
}

/** An empty selector object selects everything; callers that want "absent selects nothing" check for absence first. */
export function matchesSelector(labels: Labels, selector: LabelSelector): boolean {
  return (
    matchesLabels(labels, selector.matchLabels ?? {}) && meetsAll(labels, selector.matchExpressions ?? [])
  );
}

export function matchesLabels(labels: Labels, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels?.[key] === value);
}

interface FieldRequirement {
  path: string;
  isEqual: boolean;
  value: string;
}

function parseFieldSelector(text: string): FieldRequirement[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const groups = /^(?<path>[\w.[\]-]+)(?<operator>==|=|!=)(?<value>.*)$/.exec(part.trim())?.groups;
      if (groups === undefined) throw badRequest(`invalid field selector: ${part}`);
      return {
        path: groups['path'] ?? '',
        isEqual: groups['operator'] !== '!=',
        value: groups['value'] ?? '',
      };
    });
}

function fieldText(object: KubeObject, path: string): string {
  const value = valueAt(object, path);
  // A node's flag is absent while false, yet clients ask for `spec.unschedulable=false`.
  if (value === undefined && path === 'spec.unschedulable') return 'false';
  return value === undefined || value === null ? '' : String(value);
}

export function objectFilter(
  labelSelector: string | undefined,
  fieldSelector: string | undefined,
): ObjectFilter {
  const labels = parseLabelSelector(labelSelector ?? '');
  const fields = parseFieldSelector(fieldSelector ?? '');
  return (object) =>
    meetsAll(object.metadata.labels, labels) &&
    fields.every(({ path, isEqual, value }) => (fieldText(object, path) === value) === isEqual);
}
