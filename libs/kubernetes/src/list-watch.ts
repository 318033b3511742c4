/**
 * One kind of object of the whole cluster, kept current: list in pages, then watch from there. The server may end a
 * watch at any time, in the middle of a line too; then the watch goes on from the last version. When the server has
 * forgotten that version or has put its state back to an older one, or a line cannot be read, everything is listed again
 * and what vanished meanwhile is told; the same now and then without a reason, for what nobody noticed.
 * Keeps uid → projection only; the objects themselves are dropped as they are read.
 */
import { objectOf } from '@ringfence/cluster-facts';
import { jittered, pause } from '@ringfence/retrying';
import { ApiError } from './api-client.js';
import type { ApiClient } from './api-client.js';
import { CorruptLine, jsonLines } from './json-lines.js';
import { KindView } from './kind-view.js';
import type { ViewEvents } from './kind-view.js';
import { isOlder } from './revision.js';

const PAGE = 500;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Watches are short, so that one which hangs unnoticed is noticed. */
const WATCH_SECONDS = 60;
const SILENT_AFTER_MS = (WATCH_SECONDS * 1.5 + 20) * 1_000;
/** A kind that the server does not have may come with an extension, and permission with a role. */
const ASK_AGAIN_FOR_KIND_MS = 60_000;
const ASK_AGAIN_FOR_REFUSED_MS = 15_000;
/** Whoever is just being installed is let in a moment later. */
const REFUSALS = 4;
const VERIFY_EVERY_MS = 30 * 60_000;
const FORBIDDEN = 403;
const NOT_FOUND = 404;

export interface Resource {
  /** As in `/api/v1/pods` or `/apis/apps/v1/deployments`. */
  readonly path: string;
  /** Not every cluster has it; its absence is an empty list. */
  readonly optional?: boolean;
}

/** A full list has been told; what it did not have was told as gone. */
export interface Listed {
  readonly count: number;
  /** What was not as it was held. */
  readonly differences: number;
  /** `verified`: nothing was known to be wrong before. */
  readonly why: 'first' | 'again' | 'verified';
}

/** Calls come one after the other; a list is told as changes, then `listed`. */
export interface ListWatchEvents<T> extends ViewEvents<T> {
  listed(list: Listed): void;
  /** The server has put its state back to an older one: other kinds may not have noticed. */
  wentBack(error: StateWentBack): void;
  /** It may not be read, or is not there. What was held is still held, and it is asked for again now and then. */
  refused(refusal: Refusal): void;
  /** Trouble, and what is done about it; for logs and readiness. */
  trouble(error: unknown): void;
}
export interface Refusal {
  readonly why: 'forbidden' | 'absent';
  /** The server's. */
  readonly words: string;
}

export interface ListWatchOptions {
  /** So often everything is listed, whether or not there is a reason. */
  readonly verifyEveryMs?: number;
  readonly askAgainForRefusedMs?: number;
}

export interface ListWatch {
  /** True after the first full list. */
  isListed(): boolean;
  /** In words: what stands in the way, or null. */
  problem(): string | null;
  /** Since when it has stood there. */
  failingSince(): Date | null;
  refusal(): Refusal | null;
  /** Of the last list, or of what came after it. */
  version(): string | undefined;
  /** What is held may be wrong. */
  listAgain(): void;
  /** Whoever waits for an answer, or before he asks again, asks now. */
  askNow(): void;
  close(): Promise<void>;
}

export function startListWatch<T>(
  client: ApiClient,
  resource: Resource,
  events: ListWatchEvents<T>,
  options: ListWatchOptions = {},
): ListWatch {
  const reader = new KindReader(client, resource, events, options);
  const running = reader.run();
  return {
    isListed: () => reader.isListed,
    problem: () => reader.problem,
    failingSince: () => reader.failingSince,
    refusal: () => reader.refusal,
    version: () => reader.newest,
    listAgain: () => reader.listAgain(),
    askNow: () => reader.askNow(),
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
interface Discovered {
  readonly resources?: readonly { readonly name?: string }[];
}
interface WatchLine {
  readonly type?: string;
  readonly object?: { readonly code?: number; readonly message?: string };
}

/** The version that we know is too old for the server: list again. */
class VersionExpired extends Error {}

/** An answer of the server is older than what it said before. */
export class StateWentBack extends Error {
  override readonly name = 'StateWentBack';
  constructor(from: string, to: string) {
    super(`the server's state was put back from version ${from} to ${to}`);
  }
}

/** Asked for: no trouble. */
class Interrupted extends Error {}

class KindReader<T> {
  isListed = false;
  problem: string | null = 'not listed yet';
  failingSince: Date | null = null;
  refusal: Refusal | null = null;
  /** The newest version that was heard; `version` is where a watch can go on. */
  newest: string | undefined;
  private readonly ended = new AbortController();
  private readonly view: KindView<T>;
  private version: string | undefined;
  private why: Listed['why'] = 'first';
  private hasJustListed = false;
  private failures = 0;
  private verifyAt = 0;
  private watching = new AbortController();

  constructor(
    private readonly client: ApiClient,
    private readonly resource: Resource,
    private readonly events: ListWatchEvents<T>,
    private readonly options: ListWatchOptions,
  ) {
    this.view = new KindView(events);
  }

  async run(): Promise<void> {
    while (!this.ended.signal.aborted) {
      try {
        if (this.version === undefined) await this.list();
        else if (this.isVerificationDue()) await this.list('verified');
        else await this.watch(this.version);
      } catch (error) {
        await this.recover(error);
      }
    }
  }

  stop(): void {
    this.ended.abort();
  }

  listAgain(): void {
    this.version = undefined;
    this.newest = undefined;
    this.askNow();
  }

  askNow(): void {
    this.watching.abort(new Interrupted());
  }

  /** Once each time, also if it cannot be done then: the watch is not to wait for it. */
  private isVerificationDue(): boolean {
    if (performance.now() < this.verifyAt) return false;
    this.verifyLater();
    return true;
  }

  private verifyLater(): void {
    this.verifyAt = performance.now() + jittered(this.options.verifyEveryMs ?? VERIFY_EVERY_MS);
  }

  private async list(why = this.why): Promise<void> {
    const signal = this.interruptible();
    let page: ListPage['metadata'];
    this.view.beginList();
    do page = await this.listPage(page?.continue, signal);
    while ((page?.continue ?? '') !== '');
    this.listed(page?.resourceVersion ?? '', why);
  }

  private async listPage(next: string | undefined, signal: AbortSignal): Promise<ListPage['metadata']> {
    const query = { limit: PAGE, continue: next };
    const { metadata, items = [] } = await this.client.get<ListPage>(this.resource.path, query, signal);
    signal.throwIfAborted();
    // From here on, what is held is of several times until the list is whole.
    this.version = undefined;
    for (const item of items) {
      const object = objectOf(item);
      if (object !== undefined) this.view.list(object);
    }
    return metadata;
  }

  private listed(version: string, why: Listed['why']): void {
    const list = this.view.endList();
    const before = this.newest;
    this.version = version;
    this.newest = version;
    this.why = 'again';
    this.hasJustListed = true;
    this.verifyLater();
    this.healthy();
    this.events.listed({ ...list, why });
    if (isOlder(version, before)) this.events.wentBack(new StateWentBack(before ?? '', version));
  }

  private async watch(from: string): Promise<void> {
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: from,
      timeoutSeconds: Math.round(WATCH_SECONDS * (1 + Math.random() / 2)),
    };
    const begun = Date.now();
    const signal = this.interruptible();
    if (!this.hasJustListed) await this.requireThatItWas(from, signal);
    this.hasJustListed = false;
    const body = await this.client.stream(this.resource.path, query, SILENT_AFTER_MS, signal);
    this.healthy();
    for await (const line of jsonLines(body)) {
      signal.throwIfAborted();
      this.take(line as WatchLine, from);
    }
    // A server that ends every watch at once must not be asked without end.
    if (Date.now() - begun < FIRST_PAUSE_MS) await pause(FIRST_PAUSE_MS, signal);
  }

  /** A server that was put back to an older state takes a watch from what is its future, and tells nothing until then. */
  private async requireThatItWas(version: string, signal: AbortSignal): Promise<void> {
    const page = await this.client.get<ListPage>(this.resource.path, { limit: 1 }, signal);
    const now = page.metadata?.resourceVersion ?? '';
    if (isOlder(now, version)) throw new StateWentBack(version, now);
  }

  private take({ type, object }: WatchLine, from: string): void {
    if (type === 'ERROR') throw errorOf(object);
    const read = objectOf(object);
    if (read === undefined) throw new CorruptLine('a watch event without an object');
    const { uid, resourceVersion } = read.metadata;
    // A watch tells what is newer than where it began.
    if (isOlder(resourceVersion, from)) throw new StateWentBack(from, resourceVersion);
    if (!isOlder(resourceVersion, this.version)) this.version = resourceVersion;
    this.newest = this.version;
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED') this.view.forget(uid);
    else this.view.put(read);
  }

  /** Of what begins now. Ends with us, and when somebody wants it begun anew. */
  private interruptible(): AbortSignal {
    this.watching = new AbortController();
    return this.interrupted();
  }

  private interrupted(): AbortSignal {
    return AbortSignal.any([this.ended.signal, this.watching.signal]);
  }

  private async recover(error: unknown): Promise<void> {
    if (this.ended.signal.aborted || this.watching.signal.aborted) return;
    const mustListAgain = this.doubt(error);
    if (await this.isAbsent(error)) return this.doWithout();
    this.failures += 1;
    this.failingSince ??= new Date();
    this.problem = error instanceof Error ? error.message : String(error);
    this.events.trouble(error);
    // The first list after an expiry is not a failure of the server, and what we show is growing old.
    if (mustListAgain && this.failures === 1) return;
    await pause(this.pauseAfter(error), this.interrupted());
  }

  private pauseAfter(error: unknown): number {
    const refusal = refusalOf(error);
    if (refusal !== null && this.failures >= REFUSALS) {
      this.refusal = refusal;
      this.events.refused(refusal);
      return jittered(this.options.askAgainForRefusedMs ?? ASK_AGAIN_FOR_REFUSED_MS);
    }
    const pauseMs = jittered(Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 1), LONGEST_PAUSE_MS));
    return error instanceof ApiError ? Math.max(pauseMs, error.retryAfterMs) : pauseMs;
  }

  /** Who may not list a kind is told so also where there is none; which kinds there are, everybody may ask. */
  private async isAbsent(error: unknown): Promise<boolean> {
    if (this.resource.optional !== true || !(error instanceof ApiError)) return false;
    if (error.status !== FORBIDDEN) return error.status === NOT_FOUND;
    const { path } = this.resource;
    const end = path.lastIndexOf('/');
    try {
      const group = await this.client.get<Discovered>(path.slice(0, end), {}, this.ended.signal);
      return group.resources?.every(({ name }) => name !== path.slice(end + 1)) === true;
    } catch (unasked) {
      return unasked instanceof ApiError && unasked.status === NOT_FOUND;
    }
  }

  /** True: a watch cannot go on from what is held. */
  private doubt(error: unknown): boolean {
    const hasGoneBack = error instanceof StateWentBack;
    if (!hasGoneBack && !(error instanceof CorruptLine) && !isExpired(error)) return false;
    this.version = undefined;
    if (!hasGoneBack) return true;
    this.newest = undefined;
    this.events.wentBack(error);
    return true;
  }

  private async doWithout(): Promise<void> {
    this.view.clear();
    this.version = undefined;
    if (!this.isListed) {
      this.healthy();
      this.events.listed({ count: 0, differences: 0, why: 'first' });
    }
    await pause(ASK_AGAIN_FOR_KIND_MS, this.ended.signal);
  }

  private healthy(): void {
    this.isListed = true;
    this.problem = null;
    this.refusal = null;
    this.failingSince = null;
    this.failures = 0;
  }
}

/** The server says in the middle of a good answer that the watch is over. */
function errorOf(status: WatchLine['object']): Error {
  if (status?.code === 410) return new VersionExpired('the version is too old');
  return new ApiError(status?.code ?? 0, '', status?.message ?? 'the watch ended with an error');
}

function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof ApiError)) return null;
  const { status, message: words } = error;
  if (status === FORBIDDEN) return { why: 'forbidden', words };
  return status === NOT_FOUND ? { why: 'absent', words } : null;
}

function isExpired(error: unknown): boolean {
  return error instanceof VersionExpired || (error instanceof ApiError && error.status === 410);
}
