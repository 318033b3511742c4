/**
 * Whether a cluster exists: it has its template. Its event may still be on the way when somebody who has just made it asks
 * for its profiles: that is waited for, as long as a person would, before the cluster is said not to be there.
 */
import type { EventStore } from '@ringfence/event-store';
import { notFound } from '@ringfence/resources';
import { isClusterGone } from '../../read/facts.js';
import { profiles } from '../../read/resolver-documents.js';
import { templateId } from '../derived-ids.js';

/** The cluster's id; refuses when there is none. */
export type PresentCluster = (cluster: string | undefined) => Promise<string>;

const LONGEST_WAIT_MS = 2_000;

export function presentCluster(store: EventStore): PresentCluster {
  return async (cluster) => {
    if (cluster === undefined || (await isClusterGone(store.entities, cluster)))
      throw notFound('container cluster');
    const patience = AbortSignal.timeout(LONGEST_WAIT_MS);
    for (;;) {
      // Before looking: a commit between the two is not missed.
      const committed = nextCommit(store, patience);
      if (await hasTemplate(store, cluster)) return cluster;
      if (patience.aborted) throw notFound('container cluster');
      await committed;
    }
  };
}

async function hasTemplate(store: EventStore, cluster: string): Promise<boolean> {
  const template = await profiles.get(store.entities, templateId(cluster));
  return template !== null && template.deletedAt === null;
}

/** The next commit of this process, which is the one that writes; or the end of the wait. */
function nextCommit(store: EventStore, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      resolve();
    };
    const stop = store.onCommitted(done);
    ended.addEventListener('abort', done, { once: true });
  });
}
