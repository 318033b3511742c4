/** Labels and their types, as documents say them: made, or changed; never deleted, because workloads carry them. In force at once. */
import type { ApiClient } from './api.client.js';
import { refused } from './failure.js';
import { inWordsOf } from './file-words.js';
import type { Applied, PolicyPlan } from './policy-apply.js';
import { KIND_WORDS } from './policy-kinds.js';
import type { Existing } from './policy-known.js';

export async function ensureLabelTypes(
  api: ApiClient,
  { parsed, known, differences }: PolicyPlan,
): Promise<Applied[]> {
  const applied: Applied[] = [];
  for (const { key, name, order, ...words } of parsed.policy.label_types) {
    const differs = differences.some((one) => one.kind === 'label_types' && one.name === key);
    const info = {
      icon: words.icon ?? '',
      initial: words.initial ?? '',
      display_name_plural: words.plural ?? '',
      background_color: words.background ?? '',
      foreground_color: words.foreground ?? '',
      ...(order !== undefined && { sort_ordinal: Number(order) }),
    };
    const body = { key, display_name: name, display_info: info };
    const existing = known.labelTypes.get(key);
    const send = async (): Promise<Applied> => {
      const done = { kind: KIND_WORDS.label_types, name: key };
      if (existing === undefined)
        return {
          ...done,
          href: (await api.post<Existing>('/label_dimensions', body)).href,
          change: 'created',
        };
      if (differs) await api.put(existing, body);
      return { ...done, href: existing, change: differs ? 'changed' : 'unchanged' };
    };
    applied.push(await send().catch(inWordsOf(KIND_WORDS.label_types, key)));
  }
  return applied;
}

/** The server takes no more in one call. */
const AT_ONCE = 1_000;
export const LABELS_AT_ONCE = '/labels/bulk_create';

export async function ensureLabels(
  api: ApiClient,
  { parsed, known, newLabels }: PolicyPlan,
): Promise<Applied[]> {
  const wanted = new Map(parsed.policy.labels.map((label) => [`${label.key}=${label.value}`, label]));
  const isNew = new Set(newLabels);
  for (let from = 0; from < newLabels.length; from += AT_ONCE) {
    const some = newLabels.slice(from, from + AT_ONCE);
    const made = await api.put<MadeLabel[]>(
      LABELS_AT_ONCE,
      some.map((name) => wanted.get(name)),
    );
    for (const [index, name] of some.entries()) known.labels.set(name, hrefOf(name, made[index]));
  }
  return [...wanted.keys()].map((name) => ({
    href: known.labels.get(name)!,
    kind: 'label',
    name,
    change: isNew.has(name) ? 'created' : 'unchanged',
  }));
}

interface MadeLabel {
  readonly href?: string;
  readonly message?: string;
  readonly token?: string;
}

function hrefOf(name: string, made: MadeLabel | undefined): string {
  if (made?.href === undefined)
    throw refused(`label ${name}: ${made?.message ?? 'not created'} (${made?.token ?? 'no token'})`);
  return made.href;
}
