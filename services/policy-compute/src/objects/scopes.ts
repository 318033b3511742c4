/** Lists of scopes, as rule sets and settings have them: bodies ⇄ domain, and whether they make sense. */
import type { ScopeEntry, ScopeEntryBody } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import { entryOf } from '../domain/policy-book.js';
import { idOf } from './hrefs.js';
import { invalid } from './invalid.js';
import type { Company } from './object-kind.js';
import { showLabel, showLabelGroup } from './sides.js';
import type { Body, View } from './view.js';

/** `field` is where they stand, for messages. */
export function scopesOf(scopes: readonly (readonly ScopeEntryBody[])[], field: string): ScopeEntry[][] {
  return scopes.map((scope) =>
    scope.map((entry): ScopeEntry => {
      const exclusion = entry.exclusion ?? false;
      if (entry.label) return { kind: 'label', id: idOf(entry.label.href, 'labels', field), exclusion };
      return { kind: 'label_group', id: idOf(entry.label_group!.href, 'label_groups', field), exclusion };
    }),
  );
}

export const showScopes = (scopes: readonly (readonly ScopeEntry[])[], view: View): Body[][] =>
  scopes.map((scope) => scope.map((entry) => showScopeEntry(entry, view)));

function showScopeEntry({ kind, id, exclusion }: ScopeEntry, view: View): Body {
  return kind === 'label'
    ? { label: showLabel(id, view), exclusion }
    : { label_group: showLabelGroup(id, view), exclusion };
}

/** In one scope, one label or group per type. */
export function scopesProblem(
  scopes: readonly (readonly ScopeEntry[])[],
  field: string,
  company: Company,
): Rejection | null {
  for (const scope of scopes) {
    const keys = scope.filter((entry) => !entry.exclusion).map((entry) => keyOfEntry(entry, company));
    const twice = keys.find((key, index) => key !== undefined && keys.indexOf(key) < index);
    if (twice !== undefined)
      return invalid(
        `${field}: two entries of the type "${twice}" in one scope; use a label group, or a scope for each`,
      );
  }
  return null;
}

const keyOfEntry = ({ kind, id }: ScopeEntry, { book, known }: Company): string | undefined =>
  kind === 'label' ? known.labelKey(id) : entryOf(book, 'label_groups', id)?.draft?.key;
