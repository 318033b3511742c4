/** What `policy apply` would send for a file, for `policy what-if`: kept instead of sent. */
import type { ApiClient } from './api.client.js';
import { applyPolicy, LABELS_AT_ONCE } from './policy-apply.js';
import type { ParsedPolicy } from './policy-file.js';

export interface SupposedChange {
  readonly href: string;
  readonly body: unknown;
}

export async function supposedChanges(api: ApiClient, parsed: ParsedPolicy): Promise<SupposedChange[]> {
  const changes: SupposedChange[] = [];
  const made = (collection: string, body: unknown): { href: string } => {
    const href = `/orgs/1${collection}/supposed-${String(changes.length + 1)}`;
    changes.push({ href, body });
    return { href };
  };
  const changed = (href: string, body: unknown): void => void changes.push({ href, body });
  const applied = await applyPolicy(
    {
      ...api,
      post: async <T>(path: string, body: unknown) => made(path, body) as T,
      put: async <T>(path: string, body: unknown) =>
        (path === LABELS_AT_ONCE
          ? (body as unknown[]).map((one) => made('/labels', one))
          : changed(path, body)) as T,
    },
    parsed,
  );
  // What the draft says already, as the file does, may be pending: it would come into force, too.
  for (const { href, kind, change } of applied)
    if (kind !== 'label' && change === 'unchanged') changed(href, {});
  return changes;
}
