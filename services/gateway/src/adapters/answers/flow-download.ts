/** The result of a traffic query, fetched chunk by chunk from flow-ingest and sent on as it comes: a JSON array, or CSV without an Accept of JSON. */
import { z } from 'zod';
import { asFile } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import type { AskOwner } from './owner-answers.js';

const Chunk = z.object({ text: z.string(), next: z.number().int().nullable() });
type Chunk = z.infer<typeof Chunk>;

export function flowDownload(ask: AskOwner): Answer {
  return async (request) => {
    const asksForJson = /json/i.test(String(request.headers['accept'] ?? ''));
    const format = asksForJson ? 'json' : 'csv';
    const fetch = async (chunk: number): Promise<Chunk> =>
      Chunk.parse((await ask(request, { format, chunk: String(chunk) })).body);
    // The first chunk is fetched before the status is sent: a query that is not ready must still be refused.
    const first = await fetch(0);
    return asksForJson
      ? { status: 200, stream: jsonArray(first, fetch), headers: asFile('flows.json') }
      : { status: 200, stream: texts(first, fetch), headers: asFile('flows.csv'), contentType: 'text/csv' };
  };
}

async function* jsonArray(first: Chunk, fetch: (chunk: number) => Promise<Chunk>): AsyncIterable<string> {
  let isFirst = true;
  yield '[';
  for await (const text of texts(first, fetch)) {
    if (text === '') continue;
    yield isFirst ? text : `,${text}`;
    isFirst = false;
  }
  yield ']';
}

async function* texts(first: Chunk, fetch: (chunk: number) => Promise<Chunk>): AsyncIterable<string> {
  let chunk = first;
  for (;;) {
    yield chunk.text;
    if (chunk.next === null) return;
    chunk = await fetch(chunk.next);
  }
}
