/**
 * A small client of the Kubernetes API as a node uses it: JSON requests and list-then-watch. It knows no kinds. A watch that ends
 * for whatever reason is listed again; what vanished in between is reported as deleted.
 */
import { request as requestHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as requestHttps, Agent as HttpsAgent } from 'node:https';
import { createInterface } from 'node:readline';
import type { KubeObject } from './kube-objects.js';

export interface KubeAccess {
  url: string;
  token: string;
  ca?: string;
}

export class KubeError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface WatchOptions {
  path: string;
  fieldSelector?: string;
  onUpsert(object: KubeObject): void;
  onDelete(object: KubeObject): void;
  /** After the first and every further complete list. */
  onSynced?(): void;
}

export interface KubeClient {
  request<Reply>(method: string, path: string, body?: unknown, contentType?: string): Promise<Reply>;
  watch(options: WatchOptions): { close(): void };
  close(): void;
}

const requestTimeoutMs = 15_000;
const relistPauseMs = 500;
/** Removed or replaced meanwhile: the watch brings the same news. */
const outdatedStatuses = [404, 409];
/** A watch without any event for this long is opened anew: a peer that vanished without a word would be waited for for ever. */
const watchIdleMs = 300_000;

export function connectKube(access: KubeAccess): KubeClient {
  const url = new URL(access.url);
  const isSecure = url.protocol === 'https:';
  const agent = isSecure
    ? new HttpsAgent({ keepAlive: true, ca: access.ca })
    : new HttpAgent({ keepAlive: true });
  const send = isSecure ? requestHttps : requestHttp;

  const open = (
    method: string,
    path: string,
    options: { body?: unknown; contentType?: string; timeoutMs: number; signal?: AbortSignal },
  ) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const text = options.body === undefined ? undefined : JSON.stringify(options.body);
      const headers: Record<string, string> = {
        authorization: `Bearer ${access.token}`,
        accept: 'application/json',
      };
      if (text !== undefined) {
        headers['content-type'] = options.contentType ?? 'application/json';
        headers['content-length'] = String(Buffer.byteLength(text));
      }
      const request = send(new URL(path, url), {
        method,
        headers,
        agent,
        timeout: options.timeoutMs,
        signal: options.signal,
      });
      request.on('response', resolve);
      request.on('timeout', () =>
        request.destroy(new KubeError(504, `${method} ${path}: no answer from the API server`)),
      );
      request.on('error', reject);
      request.end(text);
    });

  const request = async <Reply>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<Reply> => {
    const response = await open(method, path, { body, contentType, timeoutMs: requestTimeoutMs });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new KubeError(status, `${method} ${path}: ${status} ${messageOf(text)}`);
    return JSON.parse(text) as Reply;
  };

  const watches = new Set<AbortController>();
  const watch = (options: WatchOptions): { close(): void } => {
    const controller = new AbortController();
    watches.add(controller);
    void followCollection(options, controller.signal, request, (path, signal) =>
      open('GET', path, { timeoutMs: watchIdleMs, signal }),
    );
    return { close: () => controller.abort() };
  };

  return {
    request,
    watch,
    close: () => {
      for (const controller of watches) controller.abort();
      agent.destroy();
    },
  };
}

type Request = KubeClient['request'];
type OpenStream = (path: string, signal: AbortSignal) => Promise<IncomingMessage>;

async function followCollection(
  options: WatchOptions,
  signal: AbortSignal,
  request: Request,
  openStream: OpenStream,
): Promise<void> {
  const known = new Map<string, KubeObject>();
  const selector =
    options.fieldSelector === undefined ? '' : `fieldSelector=${encodeURIComponent(options.fieldSelector)}&`;
  while (!signal.aborted) {
    try {
      const list = await request<{ metadata: { resourceVersion: string }; items: KubeObject[] }>(
        'GET',
        `${options.path}?${selector}`,
      );
      if (signal.aborted) return;
      replaceKnown(known, list.items, options);
      options.onSynced?.();
      const query = `${selector}watch=true&allowWatchBookmarks=true&resourceVersion=${list.metadata.resourceVersion}`;
      const stream = await openStream(`${options.path}?${query}`, signal);
      await readEvents(stream, known, options);
    } catch {
      // Lost connection, refused list or expired version: all end in a new list.
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, relistPauseMs).unref());
  }
}

function replaceKnown(
  known: Map<string, KubeObject>,
  items: readonly KubeObject[],
  options: WatchOptions,
): void {
  const uids = new Set(items.map((item) => item.metadata.uid));
  for (const [uid, object] of known) {
    if (uids.has(uid)) continue;
    known.delete(uid);
    options.onDelete(object);
  }
  for (const item of items) {
    known.set(item.metadata.uid, item);
    options.onUpsert(item);
  }
}

async function readEvents(
  stream: IncomingMessage,
  known: Map<string, KubeObject>,
  options: WatchOptions,
): Promise<void> {
  if (stream.statusCode !== 200) {
    stream.resume();
    throw new KubeError(stream.statusCode ?? 0, 'the watch was refused');
  }
  for await (const line of createInterface({ input: stream })) {
    if (line === '') continue;
    const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
    if (type === 'BOOKMARK') continue;
    if (type === 'ERROR') throw new KubeError(410, 'the watch has expired');
    if (type === 'DELETED') {
      known.delete(object.metadata.uid);
      options.onDelete(object);
    } else {
      known.set(object.metadata.uid, object);
      options.onUpsert(object);
    }
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

export async function ignoringOutdated(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof KubeError && outdatedStatuses.includes(error.status))) throw error;
  }
}
