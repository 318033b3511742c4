/** A LabelSelector of Kubernetes → requirements, and who matches them. */
import { Text } from '@ringfence/contracts';
import type { LabelRequirement, LabelSelector } from '@ringfence/contracts';
import { z } from 'zod';

const NAME = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function isKey(text: string): boolean {
  const slash = text.indexOf('/');
  const prefix = slash < 0 ? undefined : text.slice(0, slash);
  return (
    (prefix === undefined || (prefix.length <= 253 && PREFIX.test(prefix))) &&
    NAME.test(text.slice(slash + 1))
  );
}

const Key = Text.refine(isKey, 'is no label key');
const Value = Text.refine((text) => text === '' || NAME.test(text), 'is no label value');

const Expression = z
  .strictObject({
    key: Key,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(Value).nullish(),
  })
  .superRefine(({ operator, values }, context) => {
    const isSet = operator === 'In' || operator === 'NotIn';
    const count = values?.length ?? 0;
    const path = ['values'];
    if (isSet && count === 0)
      context.addIssue({ code: 'custom', path, message: `${operator} needs a value` });
    if (!isSet && count > 0)
      context.addIssue({ code: 'custom', path, message: `${operator} takes no values` });
  });

export const SelectorInput = z.strictObject({
  matchLabels: z.record(Key, Value).nullish(),
  matchExpressions: z.array(Expression).nullish(),
});

/** In one order, each requirement once: selectors that say the same in the same words are equal. */
export function selectorOf({ matchLabels, matchExpressions }: z.output<typeof SelectorInput>): LabelSelector {
  const all: LabelRequirement[] = [
    ...Object.entries(matchLabels ?? {}).map(([key, value]) => ({
      key,
      operator: 'In' as const,
      values: [value],
    })),
    ...(matchExpressions ?? []).map(({ key, operator, values }) => ({
      ...{ key, operator },
      values: [...new Set(values ?? [])].sort(),
    })),
  ];
  const byText = new Map(all.map((each) => [JSON.stringify(each), each]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

export type Labels = Readonly<Record<string, string>>;

export const matchesLabels = (selector: LabelSelector, labels: Labels): boolean =>
  selector.every((requirement) => holds(requirement, labels));

function holds({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
