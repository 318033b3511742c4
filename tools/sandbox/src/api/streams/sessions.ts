/**
 * The streams that are open: so many at once, each until its client leaves, its Pod is gone or nothing has been said for as long as
 * a kubelet waits. Whatever serves a stream ends by the session's signal.
 */
import type { Cluster } from '../cluster.js';
import type { Pod } from '../kube-object.js';
import { StatusError } from '../status-error.js';

export interface StreamSession {
  /** Aborted when the session has to end, or has ended. */
  readonly signal: AbortSignal;
  /** Something was said. */
  touch(): void;
  end(): void;
}

const maxSessions = 256;
const idleTimeoutMs = 4 * 3_600_000;

export class StreamSessions {
  private readonly open = new Map<StreamSession, string>();

  constructor(cluster: Cluster) {
    cluster.resource('pods').watch(({ type, object }) => {
      if (type === 'DELETED') this.endOf(object.metadata.uid);
    });
  }

  begin({ metadata }: Pod): StreamSession {
    if (this.open.size >= maxSessions)
      throw new StatusError(429, 'TooManyRequests', `${maxSessions} streams are open: close one of them`);
    const ending = new AbortController();
    const idle = setTimeout(() => session.end(), idleTimeoutMs);
    idle.unref();
    const session: StreamSession = {
      signal: ending.signal,
      touch: () => void idle.refresh(),
      end: () => {
        clearTimeout(idle);
        this.open.delete(session);
        ending.abort();
      },
    };
    this.open.set(session, metadata.uid ?? '');
    return session;
  }

  endAll(): void {
    for (const session of this.open.keys()) session.end();
  }

  private endOf(uid: string | undefined): void {
    for (const [session, pod] of this.open) if (pod === uid) session.end();
  }
}
