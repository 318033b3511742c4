/** Which policy objects name a label, in draft or in what is still active: such a label must stay. */
import { kindOf } from '../objects/kinds.js';
import { objectsIn } from './policy-book.js';
import type { Form, PolicyBook } from './policy-book.js';
import type { PolicyObject } from './policy-object.js';
import { referencesOf } from './references.js';

export interface LabelUse {
  readonly label: string;
  /** Type and id of the object. */
  readonly by: string;
  /** The refusal that clients know. */
  readonly token: string;
  /** Where in it, in the API's words. */
  readonly as: string[];
}

const FORMS: readonly Form[] = ['draft', 'active'];

export function usesOfLabels(book: PolicyBook, labels: readonly string[]): LabelUse[] {
  const asked = new Set(labels);
  const uses = new Map<string, LabelUse>();
  for (const { type, object } of FORMS.flatMap((form) => [...objectsIn(book, form)])) {
    const by = `${type}/${object.id}`;
    const named = referencesOf(type, object).filter(({ kind, id }) => kind === 'labels' && asked.has(id));
    if (named.length === 0) continue;
    const places = Object.entries(kindOf(type).uses?.(object) ?? {});
    for (const { id } of named) {
      const here = places.flatMap(([word, references]) =>
        references.some((each) => each.kind === 'labels' && each.id === id) ? [word] : [],
      );
      const as = [...new Set([...(uses.get(`${id} ${by}`)?.as ?? []), ...here])];
      uses.set(`${id} ${by}`, { label: id, by, token: kindOf(type).labelInUse, as });
    }
  }
  return [...uses.values()];
}

/** Those of these label types that a group is of. */
export function groupKeys(book: PolicyBook, keys: readonly string[]): string[] {
  const used = new Set(
    FORMS.flatMap((form) =>
      [...objectsIn(book, form)].flatMap(({ type, object }) =>
        type === 'label_groups' ? [(object as PolicyObject<'label_groups'>).key] : [],
      ),
    ),
  );
  return keys.filter((key) => used.has(key));
}

/** Of both at once, as it is asked for. */
export const labelUsage = (
  book: PolicyBook,
  {
    labels,
    keys = [],
  }: { readonly labels: readonly string[]; readonly keys?: readonly string[] | undefined },
): { used: LabelUse[]; groupKeys: string[] } => ({
  used: usesOfLabels(book, labels),
  groupKeys: groupKeys(book, keys),
});
