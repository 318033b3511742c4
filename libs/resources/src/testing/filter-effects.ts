/**
 * What each filter that the API describes does to a list: it says the same as without, it says something else, or it is refused by its name.
 * A filter that is taken and does nothing makes clients act on everything.
 */
import { CallError } from '@ringfence/bus';
import { API } from '@ringfence/contracts';
import type { ResourceResponse } from '@ringfence/contracts';
import { z } from 'zod';
import type { CollectionWorld } from './collection-world.js';

export type FilterEffect = 'ignored' | 'counts' | 'refused' | 'misses what it names';

const NOBODY = '00000000-0000-4000-8000-00000000dead';
/** Of everything that a filter may want: nobody has some of them, and not all have the others. */
const WANTED = [
  ...['true', 'false', NOBODY, '65535', '203.0.113.77', '1990-01-01T00:00:00Z', '2990-01-01T00:00:00Z'],
  ...['[["/orgs/1/labels/99999999"]]', `["/orgs/1/container_clusters/${NOBODY}"]`, `/orgs/1/vens/${NOBODY}`],
  ...['["idle"]', '["full"]', 'agent.clone_detected', 'kerberos'],
];

/** By name. `beside`: what a filter that only sharpens another one is sent with. */
export async function filterEffects(
  { rest }: Pick<CollectionWorld, 'rest'>,
  collection: string,
  { ids = [], beside = {} }: { ids?: string[]; beside?: Record<string, Record<string, string>> } = {},
): Promise<Record<string, FilterEffect>> {
  const list = (query: Record<string, string>) => rest(collection, 'list', { ids, query });
  const shown = (await list({})).body as Record<string, unknown>[];
  const effects = Object.entries(API[collection]?.query ?? {}).map(async ([name, schema]) => {
    const others = beside[name] ?? {};
    const said = await Promise.all(
      wantedOf(schema).map((value) => answerOf(list({ ...others, [name]: value }), name)),
    );
    const own = shown.find(({ [name]: text }) => typeof text === 'string' && text !== '');
    const found = own && (await answerOf(list({ [name]: own[name] as string }), name));
    const plain = await answerOf(list(others), name);
    if (said.includes('refused')) return [name, 'refused'] as const;
    if (found !== undefined && !found.includes(JSON.stringify(own?.['href'])))
      return [name, 'misses what it names'] as const;
    return [name, said.some((each) => each !== '' && each !== plain) ? 'counts' : 'ignored'] as const;
  });
  return Object.fromEntries(await Promise.all(effects));
}

function wantedOf(schema: z.ZodType): readonly string[] {
  const { enum: words } = z.toJSONSchema(schema, { io: 'input' }) as { enum?: string[] };
  return words ?? WANTED;
}

/** Empty: it was refused for its value. */
async function answerOf(answer: Promise<ResourceResponse>, name: string): Promise<string> {
  try {
    return JSON.stringify((await answer).body);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const [{ token, message } = { token: '', message: '' }] = error.errors;
    return token === 'unsupported_filter' && message.startsWith(name) ? 'refused' : '';
  }
}
