/**
 * Watches: replays the history since the version asked for, then sends changes as they happen, with bookmarks, until the
 * time is up or the client is gone. A client that reads too slowly is cut off; it lists again, as with a stock server.
 */
import type { ServerResponse } from 'node:http';
import type { Cluster } from './cluster.js';
import type { KubeObject } from './kube-object.js';
import { parseRevision } from './list-page.js';
import type { StoredChange } from './object-store.js';
import type { Representation } from './representation.js';
import { apiVersionOf, inVersion } from './resource-definition.js';
import type { ResourceDefinition } from './resource-definition.js';
import type { ObjectFilter } from './selector.js';
import { expired } from './status-error.js';

export interface WatchQuery {
  definition: ResourceDefinition;
  namespace: string | undefined;
  matches: ObjectFilter;
  resourceVersion: string | undefined;
  wantsBookmarks: boolean;
  timeoutMs: number;
}

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

const maxUnreadBytes = 16 * 1024 * 1024;
/** A bookmark is due this long before the server ends the watch, so that the client can resume from a recent version. */
const lastBookmarkMs = 2000;

export interface WatchCounters {
  opened: number;
  cutOff: number;
}

export class WatchStreams {
  private readonly open = new Set<WatchStream>();
  readonly counters: WatchCounters = { opened: 0, cutOff: 0 };

  constructor(
    private readonly cluster: Cluster,
    private readonly bookmarkIntervalMs: number,
  ) {}

  start(query: WatchQuery, representation: Representation, response: ServerResponse): void {
    const stream = new WatchStream(this.cluster, query, representation, {
      response,
      counters: this.counters,
    });
    this.counters.opened += 1;
    this.open.add(stream);
    response.on('close', () => {
      stream.stop();
      this.open.delete(stream);
    });
    stream.start(this.bookmarkIntervalMs);
  }

  /** Breaks every open watch off in the middle, as a dying server would. */
  breakOff(): void {
    for (const stream of this.open) stream.breakOff();
  }

  get openCount(): number {
    return this.open.size;
  }
}

class WatchStream {
  private readonly timers: NodeJS.Timeout[] = [];
  private unsubscribe: () => void = () => undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly query: WatchQuery,
    private readonly representation: Representation,
    private readonly client: { response: ServerResponse; counters: WatchCounters },
  ) {}

  start(bookmarkIntervalMs: number): void {
    const since = parseRevision(this.query.resourceVersion);
    const objects = this.cluster.objects(this.query.definition);
    const missed = since === 0 ? [] : objects.changesSince(since);
    this.client.response.writeHead(200, {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
    });
    this.client.response.flushHeaders();
    if (missed === undefined) return this.refuse(since);
    if (since === 0)
      for (const object of objects.values(this.query.namespace))
        if (this.query.matches(object)) this.send('ADDED', object);
    missed.forEach((change) => this.forward(change));
    this.unsubscribe = objects.subscribe((change) => this.forward(change));
    if (this.query.wantsBookmarks) this.scheduleBookmarks(bookmarkIntervalMs);
    this.timers.push(setTimeout(() => this.end(), this.query.timeoutMs));
  }

  stop(): void {
    this.unsubscribe();
    for (const timer of this.timers) clearTimeout(timer);
  }

  breakOff(): void {
    this.stop();
    this.client.response.destroy();
  }

  private end(): void {
    this.stop();
    this.client.response.end();
  }

  private refuse(since: number): void {
    const status = expired(`too old resource version: ${since} (${this.cluster.store.revision})`).toStatus();
    this.client.response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  }

  private scheduleBookmarks(intervalMs: number): void {
    this.timers.push(setInterval(() => this.bookmark(), intervalMs));
    if (this.query.timeoutMs > lastBookmarkMs)
      this.timers.push(setTimeout(() => this.bookmark(), this.query.timeoutMs - lastBookmarkMs));
  }

  private bookmark(): void {
    const { definition } = this.query;
    const metadata = { resourceVersion: String(this.cluster.store.revision), creationTimestamp: null };
    this.write(
      'BOOKMARK',
      JSON.stringify({ kind: definition.kind, apiVersion: apiVersionOf(definition), metadata }),
    );
  }

  /** An object that starts or stops matching the selector appears or disappears for this client. */
  private forward({ type, object, previous }: StoredChange): void {
    if (this.query.namespace !== undefined && object.metadata.namespace !== this.query.namespace) return;
    const isIn = type !== 'DELETED' && this.query.matches(object);
    const wasIn = previous !== undefined && this.query.matches(previous);
    if (isIn) this.send(wasIn ? 'MODIFIED' : 'ADDED', object);
    else if (wasIn) this.send('DELETED', object);
  }

  private send(type: EventType, object: KubeObject): void {
    const shown = this.representation.one(inVersion(this.query.definition, object));
    this.write(type, shown === object ? serialised(object) : JSON.stringify(shown));
  }

  private write(type: EventType, text: string): void {
    this.client.response.write(`{"type":"${type}","object":${text}}\n`);
    if (this.client.response.writableLength <= maxUnreadBytes) return;
    this.client.counters.cutOff += 1;
    this.breakOff();
  }
}

let lastObject: KubeObject | undefined;
let lastText = '';

/** One change goes to all watchers in a row, so remembering one text saves writing it once per watcher. */
function serialised(object: KubeObject): string {
  if (object !== lastObject) {
    lastText = JSON.stringify(object);
    lastObject = object;
  }
  return lastText;
}
