/** What people call a rule that a verdict names by its href. */
import { ruleRefs } from '@ringfence/policy-engine';
import { entriesOf } from './policy-book.js';
import type { Form, PolicyBook } from './policy-book.js';

/** By href: "rule set / rule", or the boundary's name. */
export function ruleNames(book: PolicyBook, form: Form): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const entry of entriesOf(book, 'rule_sets')) {
    const ruleSet = entry[form];
    if (ruleSet === null) continue;
    for (const rule of ruleSet.rules)
      names.set(
        ruleRefs.rule(ruleSet.id, rule.id),
        `${ruleSet.name} / ${rule.description || `rule ${rule.id}`}`,
      );
    for (const rule of ruleSet.denyRules) {
      names.set(
        ruleRefs.denyRule(ruleSet.id, rule.id),
        `${ruleSet.name} / ${rule.description || `deny rule ${rule.id}`}`,
      );
    }
  }
  for (const entry of entriesOf(book, 'enforcement_boundaries')) {
    const boundary = entry[form];
    if (boundary !== null) names.set(ruleRefs.boundary(boundary.id), boundary.name);
  }
  return names;
}
