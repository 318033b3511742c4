/** Answers `explain` from the policy that stands, or from a preview of the draft. */
import type { CALLS } from '@ringfence/contracts';
import { refusal } from '@ringfence/resources';
import type { z } from 'zod';
import { explainConnection } from '../domain/explanation.js';
import { policyObjects } from '../domain/policy-book.js';
import type { Form, PolicyBook } from '../domain/policy-book.js';
import { ruleNames } from '../domain/rule-names.js';
import type { FactLookup } from './bodies/view.js';
import type { LivePolicy } from './live-policy.js';
import type { PolicyBookStore } from './policy-book.store.js';

type Explain = (typeof CALLS)['explain'];
type Answer = (request: z.output<Explain['request']>) => Promise<z.output<Explain['response']>>;

export function explainer(book: PolicyBookStore, facts: FactLookup, live: LivePolicy): Answer {
  const names = { active: namesByBook('active'), draft: namesByBook('draft') };
  return async (request) => {
    const current = await book.current();
    const form = request.policy;
    const previewed = form === 'draft' ? live.preview().with(policyObjects(current, 'draft')) : null;
    const answer = explainConnection(request, {
      entities: facts.entities,
      labels: facts.labels,
      policyVersion: current.version,
      standing: (cluster) => (previewed === null ? live.standing(cluster) : previewed.get(cluster)),
      ruleName: (ref) => names[form](current).get(ref) ?? ref,
    });
    if ('reason' in answer) throw refusal(answer);
    return answer;
  };
}

/** Names are collected once for each book. */
function namesByBook(form: Form): (book: PolicyBook) => ReadonlyMap<string, string> {
  let known: { readonly book: PolicyBook; readonly names: ReadonlyMap<string, string> } | undefined;
  return (book) => {
    if (known?.book !== book) known = { book, names: ruleNames(book, form) };
    return known.names;
  };
}
