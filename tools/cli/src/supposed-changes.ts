/** What `policy apply` would send for documents, for `policy what-if`: kept instead of sent. */
import type { ApiClient } from './api.client.js';
import { applyPlan, policyPlan } from './policy-apply.js';
import { LABELS_AT_ONCE } from './policy-labels.js';
import type { ParsedPolicy } from './policy-documents.js';

export interface SupposedChange {
  readonly href: string;
  /** null: it is deleted. */
  readonly body: unknown;
}

export async function supposedChanges(api: ApiClient, parsed: ParsedPolicy): Promise<SupposedChange[]> {
  const changes: SupposedChange[] = [];
  const made = (collection: string, body: unknown): { href: string } => {
    const href = `/orgs/1${collection}/supposed-${String(changes.length + 1)}`;
    if (collection !== '/label_dimensions') changes.push({ href, body });
    return { href };
  };
  const changed = (href: string, body: unknown): void => {
    if (mattersToTraffic(href)) changes.push({ href, body });
  };
  const plan = await policyPlan(api, parsed);
  const applied = await applyPlan(
    {
      ...api,
      post: async <T>(path: string, body: unknown) => made(path, body) as T,
      put: async <T>(path: string, body: unknown) =>
        (path === LABELS_AT_ONCE
          ? (body as unknown[]).map((one) => made('/labels', one))
          : changed(path, body)) as T,
      // What they name may go as well, which changes nothing for anybody.
      remove: async (href) => (RULES.test(href) ? changed(href, null) : undefined),
    },
    plan,
  );
  // What the draft says already, as the documents do, may be pending: it would come into force, too.
  for (const { href, kind, change } of applied)
    if (kind !== 'label' && change === 'unchanged') changed(href, {});
  return changes;
}

const RULES = /\/(?:rule_sets|enforcement_boundaries)\/[^/]+$/;
const mattersToTraffic = (href: string): boolean =>
  !/\/(?:firewall_settings|label_dimensions)(?:\/|$)/.test(href);
