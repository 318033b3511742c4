/**
 * Between the plan and its sending anybody may change an object. What is sent therefore names, by its ETag, the very object that the plan was made
 * of: what somebody else has made of it meanwhile is refused by the server instead of being written over.
 */
import type { ApiClient } from './api.client.js';
import { refused } from './failure.js';
import type { PolicyPlan } from './policy-apply.js';
import { KIND_WORDS } from './policy-kinds.js';

interface Read {
  readonly href?: string;
}

/** Reads each collection once, so that all parts of a plan are made of the same reading; keeps what it read, by href. */
export function readingOnce(api: ApiClient): { readonly api: ApiClient; readonly read: Map<string, string> } {
  const read = new Map<string, string>();
  const asked = new Map<string, Promise<unknown>>();
  const once = <T>(way: string, ask: () => Promise<T>): Promise<T> => {
    const known = asked.get(way) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const answer = ask();
    asked.set(way, answer);
    return answer;
  };
  const keep = <T>(found: T): T => {
    for (const one of [found].flat() as Read[]) if (one.href !== undefined) read.set(one.href, textOf(one));
    return found;
  };
  return {
    read,
    api: {
      ...api,
      get: (path, query) =>
        once(JSON.stringify(['get', path, query]), async () => keep(await api.get(path, query))),
      all: (path, query) =>
        once(JSON.stringify(['all', path, query]), async () => keep(await api.all(path, query))),
    },
  };
}

/** Its writes name what the plan was made of. */
export async function heldBy(api: ApiClient, plan: PolicyPlan): Promise<ApiClient> {
  const tags = new Map<string, string>();
  for (const { href, words } of standingOf(plan)) {
    const { body, etag } = await api.tagged<Read>(href);
    if (textOf(body) !== plan.read.get(href))
      throw refused(`${words}: somebody changed it while it was read; plan again`);
    tags.set(href, etag);
  }
  return {
    ...api,
    put: async (href, body) => {
      const answer = await api.put<never>(href, body, tags.get(href));
      // From now on it is what was sent.
      tags.delete(href);
      return answer;
    },
    remove: (href) => api.remove(href, tags.get(href)),
  };
}

/** What is there and will be changed or deleted. */
function standingOf({ known, differences }: PolicyPlan): { readonly href: string; readonly words: string }[] {
  return differences.flatMap(({ kind, name, change }) => {
    if (change === 'created') return [];
    const words = `${KIND_WORDS[kind]} "${name}"`;
    if (kind === 'firewall_settings') return [{ href: known.firewallSettings, words }];
    if (kind === 'label_types') return [{ href: known.labelTypes.get(name)!, words }];
    const there = known.existing[kind].filter((one) => one.name === name);
    return there.map(({ href }) => ({ href, words }));
  });
}

const textOf = (body: unknown): string => JSON.stringify(body);
