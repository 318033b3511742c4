/** Label selectors (equality and set based, as text and as objects) and field selectors (equality on any path). */
import { valueAt } from './json.js';
import type { KubeObject, LabelRequirement, LabelSelector } from './kube-object.js';
import { badRequest } from './status-error.js';

export type ObjectFilter = (object: KubeObject) => boolean;

type Labels = Record<string, string> | undefined;

const setPattern = /^(?<key>[^\s!=,()]+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)$/;
const equalPattern = /^(?<key>[^\s!=,()]+)\s*(?<operator>==|=|!=)\s*(?<value>[^\s!=,()]*)$/;
const comparePattern = /^(?<key>[^\s!=,()<>]+)\s*(?<operator>[<>])\s*(?<value>-?\d+)$/;
const existsPattern = /^(?<not>!?)\s*(?<key>[^\s!=,()]+)$/;

export function parseLabelSelector(text: string): LabelRequirement[] {
  return splitOutsideParentheses(text).map(parseRequirement);
}

function splitOutsideParentheses(text: string): string[] {
  return text
    .split(/,(?![^()]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseRequirement(text: string): LabelRequirement {
  const set = setPattern.exec(text)?.groups;
  if (set !== undefined) {
    const values = (set['values'] ?? '').split(',').map((value) => value.trim());
    return { key: set['key'] ?? '', operator: set['operator'] === 'in' ? 'In' : 'NotIn', values };
  }
  const equal = equalPattern.exec(text)?.groups;
  if (equal !== undefined) {
    return {
      key: equal['key'] ?? '',
      operator: equal['operator'] === '!=' ? 'NotIn' : 'In',
      values: [equal['value'] ?? ''],
    };
  }
  const compare = comparePattern.exec(text)?.groups;
  if (compare !== undefined) {
    return {
      key: compare['key'] ?? '',
      operator: compare['operator'] === '>' ? 'Gt' : 'Lt',
      values: [compare['value'] ?? ''],
    };
  }
  const exists = existsPattern.exec(text)?.groups;
  if (exists === undefined) throw badRequest(`unable to parse requirement: ${text}`);
  return { key: exists['key'] ?? '', operator: exists['not'] === '!' ? 'DoesNotExist' : 'Exists' };
}

export function meetsRequirement(labels: Labels, requirement: LabelRequirement): boolean {
  const value = labels?.[requirement.key];
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
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
