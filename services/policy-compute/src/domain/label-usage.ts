/** Which policy objects name a label, in draft or in what is still active: such a label must stay. */
import type { ProvisionableType } from '@ringfence/contracts';
import { objectsIn } from './policy-book.js';
import type { Form, PolicyBook } from './policy-book.js';
import { referencesOf } from './references.js';

export interface LabelUse {
  readonly label: string;
  /** Type and id of the object. */
  readonly by: string;
  /** The refusal that clients know. */
  readonly token: string;
}

const FORMS: readonly Form[] = ['draft', 'active'];
const IN_RULES = 'label_still_has_associated_rule_set';
const TOKENS: Partial<Record<ProvisionableType, string>> = {
  label_groups: 'label_referenced_by_label_group',
};

export function usesOfLabels(book: PolicyBook, labels: readonly string[]): LabelUse[] {
  const asked = new Set(labels);
  const uses = new Map<string, LabelUse>();
  for (const { type, object } of FORMS.flatMap((form) => [...objectsIn(book, form)])) {
    const by = `${type}/${object.id}`;
    const named = referencesOf(type, object).filter(({ kind, id }) => kind === 'labels' && asked.has(id));
    for (const { id } of named) uses.set(`${id} ${by}`, { label: id, by, token: TOKENS[type] ?? IN_RULES });
  }
  return [...uses.values()];
}
