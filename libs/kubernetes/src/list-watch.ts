/**
 * One kind of object of the whole cluster, kept current: list in pages, then watch from there. The server may end a
 * watch at any time, in the middle of a line too; then the watch goes on from the last version. When the server has
 * forgotten that version, or a line cannot be read, everything is listed again and what vanished meanwhile is told.
 * Keeps uid → projection only; the objects themselves are dropped as they are read.
 */
import { objectOf } from '@ringfence/cluster-facts';
import type { KubeObject } from '@ringfence/cluster-facts';
import { jittered, pause } from '@ringfence/retrying';
import { ApiError } from './api-client.js';
import type { ApiClient } from './api-client.js';
import { CorruptLine, jsonLines } from './json-lines.js';

const PAGE = 500;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Watches are short, so that one which hangs unnoticed is noticed. */
const WATCH_SECONDS = 60;
const SILENT_AFTER_MS = (WATCH_SECONDS * 1.5 + 20) * 1_000;
/** A kind that the server does not have may come with an extension. */
const ASK_AGAIN_FOR_KIND_MS = 60_000;

export interface Resource {
  /** As in `/api/v1/pods` or `/apis/apps/v1/deployments`. */
  readonly path: string;
  /** Not every cluster has it; its absence is an empty list. */
  readonly optional?: boolean;
}

/** Calls come one after the other; a list is told as changes, then `listed`. */
export interface ListWatchEvents<T> {
  /** Undefined: the object is not for us, as if it were gone. */
  project(object: KubeObject): T | undefined;
  changed(uid: string, value: T): void;
  gone(uid: string, last: T): void;
  /** A full list has been told; what it did not have was told as gone. */
  listed(count: number): void;
  /** Trouble, and what is done about it; for logs and readiness. */
  trouble(error: unknown): void;
}

export interface ListWatch {
  /** True after the first full list. */
  isListed(): boolean;
  /** In words: what stands in the way, or null. */
  problem(): string | null;
  close(): Promise<void>;
}

export function startListWatch<T>(
  client: ApiClient,
  resource: Resource,
  events: ListWatchEvents<T>,
): ListWatch {
  const reader = new KindReader(client, resource, events);
  const running = reader.run();
  return {
    isListed: () => reader.isListed,
    problem: () => reader.problem,
    close: async () => {
      reader.stop();
      await running;
    },
  };
}

interface ListPage {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly unknown[];
}
interface WatchLine {
  readonly type?: string;
  readonly object?: { readonly code?: number; readonly message?: string };
}

/** The version that we know is too old for the server: list again. */
class VersionExpired extends Error {}

class KindReader<T> {
  isListed = false;
  problem: string | null = 'not listed yet';
  private readonly ended = new AbortController();
  private known = new Map<string, T>();
  private version: string | undefined;
  private failures = 0;

  constructor(
    private readonly client: ApiClient,
    private readonly resource: Resource,
    private readonly events: ListWatchEvents<T>,
  ) {}

  async run(): Promise<void> {
    while (!this.ended.signal.aborted) {
      try {
        if (this.version === undefined) await this.list();
        else await this.watch(this.version);
      } catch (error) {
        await this.recover(error);
      }
    }
  }

  stop(): void {
    this.ended.abort();
  }

  private async list(): Promise<void> {
    const seen = new Map<string, T>();
    let page: ListPage;
    let next = '';
    do {
      const query = { limit: PAGE, continue: next === '' ? undefined : next };
      page = await this.client.get<ListPage>(this.resource.path, query, this.ended.signal);
      for (const item of page.items ?? []) this.tellListed(item, seen);
      next = page.metadata?.continue ?? '';
    } while (next !== '');
    this.sweep(seen);
    this.version = page.metadata?.resourceVersion ?? '';
    this.healthy();
    this.events.listed(seen.size);
  }

  private sweep(seen: Map<string, T>): void {
    for (const [uid, last] of this.known) if (!seen.has(uid)) this.events.gone(uid, last);
    this.known = seen;
  }

  private tellListed(item: unknown, seen: Map<string, T>): void {
    const object = objectOf(item);
    const value = object === undefined ? undefined : this.events.project(object);
    if (object === undefined || value === undefined) return;
    seen.set(object.metadata.uid, value);
    this.events.changed(object.metadata.uid, value);
  }

  private async watch(from: string): Promise<void> {
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: from,
      timeoutSeconds: Math.round(WATCH_SECONDS * (1 + Math.random() / 2)),
    };
    const begun = Date.now();
    const body = await this.client.stream(this.resource.path, query, SILENT_AFTER_MS, this.ended.signal);
    this.healthy();
    for await (const line of jsonLines(body)) this.take(line as WatchLine);
    // A server that ends every watch at once must not be asked without end.
    if (Date.now() - begun < FIRST_PAUSE_MS) await pause(FIRST_PAUSE_MS, this.ended.signal);
  }

  private take({ type, object }: WatchLine): void {
    if (type === 'ERROR') throw errorOf(object);
    const read = objectOf(object);
    if (read === undefined) throw new CorruptLine('a watch event without an object');
    this.version = read.metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    const value = type === 'DELETED' ? undefined : this.events.project(read);
    if (value === undefined) return this.forget(read.metadata.uid);
    this.known.set(read.metadata.uid, value);
    this.events.changed(read.metadata.uid, value);
  }

  private forget(uid: string): void {
    const last = this.known.get(uid);
    this.known.delete(uid);
    if (last !== undefined) this.events.gone(uid, last);
  }

  private async recover(error: unknown): Promise<void> {
    if (this.ended.signal.aborted) return;
    const mustListAgain = isExpired(error) || error instanceof CorruptLine;
    if (mustListAgain) this.version = undefined;
    if (this.resource.optional === true && error instanceof ApiError && error.status === 404)
      return this.doWithout();
    this.failures += 1;
    this.problem = error instanceof Error ? error.message : String(error);
    this.events.trouble(error);
    // The first list after an expiry is not a failure of the server, and what we show is growing old.
    if (mustListAgain && this.failures === 1) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 1), LONGEST_PAUSE_MS);
    await pause(jittered(pauseMs), this.ended.signal);
  }

  private async doWithout(): Promise<void> {
    for (const [uid, last] of this.known) this.events.gone(uid, last);
    this.known.clear();
    this.version = undefined;
    if (!this.isListed) {
      this.healthy();
      this.events.listed(0);
    }
    await pause(ASK_AGAIN_FOR_KIND_MS, this.ended.signal);
  }

  private healthy(): void {
    this.isListed = true;
    this.problem = null;
    this.failures = 0;
  }
}

/** The server says in the middle of a good answer that the watch is over. */
function errorOf(status: WatchLine['object']): Error {
  if (status?.code === 410) return new VersionExpired('the version is too old');
  return new ApiError(status?.code ?? 0, '', status?.message ?? 'the watch ended with an error');
}

function isExpired(error: unknown): boolean {
  return error instanceof VersionExpired || (error instanceof ApiError && error.status === 410);
}
