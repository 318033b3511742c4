/** Which policy objects name a label, in draft or in what is still active: such a label must stay. */
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

export function usesOfLabels(book: PolicyBook, labels: readonly string[]): LabelUse[] {
  const asked = new Set(labels);
  const uses = new Map<string, LabelUse>();
  for (const form of FORMS) {
    for (const { type, object } of objectsIn(book, form)) {
      const token = type === 'label_groups' ? 'label_referenced_by_label_group' : 'label_still_has_associated_rule_set';
      for (const { kind, id } of referencesOf(type, object)) {
        const by = `${type}/${object.id}`;
        if (kind === 'labels' && asked.has(id)) uses.set(`${id} ${by}`, { label: id, by, token });
      }
    }
  }
  return [...uses.values()];
}
