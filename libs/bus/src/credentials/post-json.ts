/** One JSON request over HTTP(S) to another part of ours: bounded in time and size, verified with the installation's own CA. */
import { readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';

export interface PostOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Path of the CA that the server is verified by; absent or empty: the system's. Read at every request. */
  readonly caFile?: string | undefined;
}
export interface JsonAnswer {
  readonly status: number;
  readonly text: string;
  /** Null: what came is no JSON. */
  readonly json: unknown;
}

const LARGEST_ANSWER_BYTES = 1024 * 1024;

/** Throws the socket's error; any status is an answer. Redirects are not followed. */
export async function postJson(url: string | URL, body: object, options: PostOptions): Promise<JsonAnswer> {
  const { timeoutMs, signal, caFile } = options;
  const payload = Buffer.from(JSON.stringify(body));
  const send = new URL(url).protocol === 'https:' ? secureRequest : plainRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': payload.length },
      // A connection of its own: what a pool kept may be closed by the other end just now.
      agent: false,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]),
      ...(caFile ? { ca: readFileSync(caFile) } : {}),
    });
    outgoing.on('response', resolve).on('error', reject).end(payload);
  });
  const text = await textOf(response);
  return { status: response.statusCode ?? 0, text, json: parsed(text) };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER_BYTES) throw new Error('the answer is longer than any of ours');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
