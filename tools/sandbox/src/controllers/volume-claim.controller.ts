/** Declares every volume claim bound. Nothing is provisioned: stub containers store nothing, but claims must not stay pending. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { JsonObject } from '../api/json.js';
import type { KubeObject } from '../api/kube-object.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

export class VolumeClaimController {
  private readonly claims: KindClient<KubeObject>;
  private readonly queue = new WorkQueue((key) => this.bind(key));
  private readonly stop: () => void;

  constructor(cluster: Cluster) {
    this.claims = cluster.resource('persistentvolumeclaims');
    this.stop = this.claims.watch(({ object }) => this.queue.add(keyOf(object)));
    for (const claim of this.claims.list()) this.queue.add(keyOf(claim));
  }

  async close(): Promise<void> {
    this.stop();
    await this.queue.close();
  }

  private bind(key: string): void {
    const target = targetOfKey(key);
    this.claims.modify(target, (draft) => {
      draft.spec = { ...(draft.spec as JsonObject), volumeName: `pvc-${draft.metadata.uid}` };
    });
    this.claims.modifyStatus(target, (draft) => {
      const { accessModes = [], resources } = draft.spec as JsonObject;
      const capacity = (resources as { requests?: JsonObject } | undefined)?.requests ?? {};
      draft.status = { phase: 'Bound', accessModes, capacity };
    });
  }
}
