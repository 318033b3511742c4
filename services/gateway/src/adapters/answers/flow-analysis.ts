/**
 * A traffic query that is waited for: made, asked after, sent on as it comes, and deleted whatever becomes of it. Who must wait longer than
 * a query may take asks for one that runs in the background.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { refuse } from '../../domain/refusal.js';
import type { RestRequest } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import { flowDownload } from './flow-download.js';
import type { AskOwner } from './owner-answers.js';

/** Most queries are done at once. */
const FIRST_LOOK_MS = 15;
const LONGEST_PAUSE_MS = 500;
/** Waiting for its turn, and then running: each query may run for a minute. */
const WITHIN_MS = 90_000;

const Query = z.looseObject({
  href: z.string(),
  status: z.string(),
  result: z.unknown().optional(),
});
type Query = z.infer<typeof Query>;

export function flowAnalysis(ask: AskOwner): Answer {
  return async (request) => {
    const { href } = Query.parse((await ask(asking(request, 'create'))).body);
    const ids = [href.slice(href.lastIndexOf('/') + 1)];
    const remove = async (): Promise<void> => {
      // It goes by itself after an hour.
      await ask(asking(request, 'delete', ids)).catch(() => undefined);
    };
    try {
      await completed(async () => Query.parse((await ask(asking(request, 'get', ids))).body));
      const file = asking(request, 'download', ids);
      const reply = await flowDownload(ask)({
        ...file,
        headers: { ...file.headers, accept: 'application/json' },
      });
      return { ...reply, stream: followedBy(reply.stream!, remove) };
    } catch (error) {
      await remove();
      throw error;
    }
  };
}

/** As if he had asked for a query in the background. */
function asking(request: RestRequest, op: string, ids: readonly string[] = []): RestRequest {
  const { match } = request;
  const route = { ...match.route, collection: 'traffic_flows/async_queries', op };
  return { ...request, match: { ...match, ids: [...ids], route } };
}

async function completed(look: () => Promise<Query>): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  for (
    let pauseMs = FIRST_LOOK_MS;
    Date.now() < deadline;
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  ) {
    const { status, result } = await look();
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled')
      throw refuse('request_timeout', `the query ${status}: ${reasonIn(result)}`);
    await sleep(pauseMs);
  }
  throw refuse(
    'request_timeout',
    'the query did not end in time; make one of /traffic_flows/async_queries, and ask for it until it is completed',
  );
}

function reasonIn(result: unknown): string {
  const { message } = (result ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : 'no reason given';
}

async function* followedBy(
  stream: AsyncIterable<string | Uint8Array>,
  last: () => Promise<void>,
): AsyncIterable<string | Uint8Array> {
  try {
    yield* stream;
  } finally {
    await last();
  }
}
