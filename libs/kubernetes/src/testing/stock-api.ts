/**
 * A small API server that behaves as a stock one does where a client can go wrong: pages that continue, one revision for all kinds, a
 * watch that tells only what is newer than asked for (also when that lies in the future), 410 for what is forgotten, and a
 * state that can be put back to an older one, revision and all.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Stored {
  readonly metadata: { readonly uid: string; readonly name: string; readonly resourceVersion: string };
}
interface Change {
  readonly path: string;
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Stored;
}
interface Watch {
  readonly path: string;
  readonly since: number;
  readonly response: ServerResponse;
}
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}
/** Undefined: as it always does. `silence`: the request is never answered. */
export type Fault = (request: {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
  readonly headers: IncomingMessage['headers'];
  readonly method: string;
}) => Answer | 'silence' | undefined;

export class StockApi {
  fault: Fault = () => undefined;
  /** `GET /api/v1/pods?limit=500`, in their order. */
  readonly requests: string[] = [];
  private objects = new Map<string, Map<string, Stored>>();
  private revision = 100;
  private history: Change[] = [];
  private forgotten = 0;
  private readonly watches = new Set<Watch>();
  private readonly server = createServer((request, response) => this.answer(request, response));
  private readonly bookmarks: NodeJS.Timeout;

  private constructor(readonly bookmarkEveryMs: number) {
    this.bookmarks = setInterval(() => this.bookmark(), bookmarkEveryMs);
  }

  static async start(bookmarkEveryMs = 50): Promise<StockApi> {
    const api = new StockApi(bookmarkEveryMs);
    api.server.listen(0, '127.0.0.1');
    while (!api.server.listening) await sleep(1);
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get watching(): number {
    return this.watches.size;
  }

  put(path: string, name: string, more: Record<string, unknown> = {}): string {
    const before = this.ofKind(path).get(name);
    const { metadata, ...rest } = more as { metadata?: object };
    const uid = before?.metadata.uid ?? randomUUID();
    this.revision += 1;
    const object = { ...rest, metadata: { uid, name, ...metadata, resourceVersion: `${this.revision}` } };
    this.ofKind(path).set(name, object);
    this.tell({ path, revision: this.revision, type: before === undefined ? 'ADDED' : 'MODIFIED', object });
    return uid;
  }

  remove(path: string, name: string): void {
    const before = this.ofKind(path).get(name);
    if (before === undefined) throw new Error(`there is no ${path}/${name}`);
    this.ofKind(path).delete(name);
    this.revision += 1;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: `${this.revision}` } };
    this.tell({ path, revision: this.revision, type: 'DELETED', object });
  }

  /** As after something that nobody noticed. */
  removeSilently(path: string, name: string): void {
    this.ofKind(path).delete(name);
  }

  /** What an etcd snapshot has; the function puts it back, and the server begins anew with it. */
  snapshot(): () => void {
    const objects = structuredClone(this.objects);
    const { revision } = this;
    return () => {
      this.objects = structuredClone(objects);
      this.revision = revision;
      this.history = [];
      this.forgotten = 0;
      this.breakOff();
    };
  }

  /** Every watch of an older version, and every page that would continue, is refused with 410. */
  forget(): void {
    this.history = [];
    this.forgotten = this.revision;
  }

  breakOff(): void {
    for (const { response } of this.watches) response.destroy();
    this.watches.clear();
  }

  async close(): Promise<void> {
    clearInterval(this.bookmarks);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private ofKind(path: string): Map<string, Stored> {
    const found = this.objects.get(path) ?? new Map<string, Stored>();
    this.objects.set(path, found);
    return found;
  }

  private tell(change: Change): void {
    this.history.push(change);
    for (const watch of this.watches) send(watch, change);
  }

  private bookmark(): void {
    for (const { response, since } of this.watches)
      if (this.revision >= since)
        line(response, 'BOOKMARK', { metadata: { resourceVersion: `${this.revision}` } });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'http://api');
    this.requests.push(`${request.method} ${request.url}`);
    const isWatch = query.has('watch');
    const { headers, method = 'GET' } = request;
    const fault = this.fault({ path, query, isWatch, headers, method });
    if (fault === 'silence') return;
    if (fault !== undefined) {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(JSON.stringify(fault.body ?? { message: `${path} is refused`, reason: 'Forbidden' }));
    } else if (isWatch) this.watch(path, query, response);
    else if (path === '/version') response.end(JSON.stringify({ gitVersion: 'v1.32.0' }));
    else this.list(path, query, response);
  }

  private watch(path: string, query: URLSearchParams, response: ServerResponse): void {
    const since = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (since < this.forgotten)
      return void response.end(`${JSON.stringify({ type: 'ERROR', object: EXPIRED })}\n`);
    const watch = { path, since, response };
    for (const change of this.history) send(watch, change);
    this.watches.add(watch);
    response.on('close', () => this.watches.delete(watch));
  }

  private list(path: string, query: URLSearchParams, response: ServerResponse): void {
    const limit = Number(query.get('limit') ?? Infinity);
    const [at = `${this.revision}`, after = ''] = query.get('continue')?.split('|') ?? [];
    if (Number(at) < this.forgotten) return void response.writeHead(410).end(JSON.stringify(EXPIRED));
    const rest = [...this.ofKind(path).values()]
      .filter(({ metadata }) => metadata.name > after)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const items = rest.slice(0, limit);
    const next = rest.length > limit ? { continue: `${at}|${items[limit - 1]?.metadata.name}` } : {};
    response.end(JSON.stringify({ metadata: { resourceVersion: at, ...next }, items }));
  }
}

const EXPIRED = { code: 410, reason: 'Expired', message: 'too old resource version' };

/** Only what is newer than what was asked for, as a stock server does. */
function send({ path, since, response }: Watch, { path: of, revision, type, object }: Change): void {
  if (of === path && revision > since) line(response, type, object);
}

function line(response: ServerResponse, type: string, object: unknown): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}
