/**
 * Hears at once who else changes our tables. What the helper itself commits is told as well and is told apart by the
 * generation that it led to, and by our process id as the kernel numbers it, which the first such commit shows.
 */
import type { HelperNews } from './protocol.js';
import type { NamespaceContext } from './namespace-context.js';
import { NotificationSocket } from './notification-socket.js';
import type { Notification } from './notification-socket.js';
import { CommitReader } from './ruleset-changes.js';
import type { Commit } from './ruleset-changes.js';

const TABLE = 'ringfence';
/** Then whoever waits for an answer of the helper has his turn. */
const DATAGRAMS_AT_ONCE = 2_000;
const MOST_CHANGES = 8;

export interface WatchedNamespace {
  readonly netns: string;
  readonly context: NamespaceContext;
}

interface Culprit {
  readonly netns: string;
  readonly changes: Set<string>;
  by: string;
}

export class RulesetWatch {
  private readonly socket = new NotificationSocket();
  private readonly readers = new Map<number | undefined, CommitReader>();
  private ownProcess: number | undefined;

  /** `watched`: by the number of their namespace. */
  constructor(private readonly watched: ReadonlyMap<number | undefined, WatchedNamespace>) {}

  /** At most one piece of news per namespace, however much was done there since the last look. */
  look(): HelperNews[] {
    const culprits = new Map<string, Culprit>();
    let isLost = false;
    for (let n = 0; n < DATAGRAMS_AT_ONCE; n += 1) {
      const next = this.socket.next();
      if (next === 'none') break;
      if (next === 'lost') isLost = true;
      else this.take(next, culprits);
    }
    const news = [...culprits.values()].map(({ netns, changes, by }): HelperNews => ({
      news: 'tampered',
      netns,
      what: [...changes].slice(0, MOST_CHANGES).join(', '),
      by,
    }));
    return isLost ? [...news, { news: 'overflow' }] : news;
  }

  forget(namespace: number | undefined): void {
    this.readers.delete(namespace);
  }

  private take({ namespace, messages }: Notification, culprits: Map<string, Culprit>): void {
    const watched = this.watched.get(namespace);
    if (watched === undefined) return;
    const { netns, context } = watched;
    const reader = this.readers.get(namespace) ?? new CommitReader(TABLE);
    this.readers.set(namespace, reader);
    for (const message of messages) {
      const commit = reader.take(message);
      if (commit === undefined || this.isOwn(commit, context)) continue;
      if (commit.changes.length > 0) blame(culprits, netns, commit);
      else context.follow(commit.generation);
    }
  }

  private isOwn({ generation, pid }: Commit, context: NamespaceContext): boolean {
    if (!context.hasCommitted(generation)) return pid !== 0 && pid === this.ownProcess;
    this.ownProcess ??= pid;
    return true;
  }
}

function blame(culprits: Map<string, Culprit>, netns: string, { changes, program, pid }: Commit): void {
  const by = pid === 0 ? 'an unknown process' : `${program} (process ${pid})`;
  const culprit = culprits.get(netns) ?? { netns, changes: new Set<string>(), by };
  for (const change of changes) if (culprit.changes.size < MOST_CHANGES) culprit.changes.add(change);
  culprits.set(netns, { ...culprit, by });
}
