/** A node's whole view, part by part, for the agent that asks for it. */
import { CallError } from '@ringfence/bus';
import type { Bus, Subscription } from '@ringfence/bus';
import { CALLS, parseSubject, subjectToken } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { ActorStore } from '../../domain/actor-store.js';
import type { StoreLoop } from '../store/store-loop.js';
import type { NodeGate } from './node-gate.js';
import { PackedViews } from './packed-views.js';

export interface NodeSnapshotsOptions {
  readonly bus: Bus;
  readonly store: ActorStore;
  readonly loop: StoreLoop;
  readonly gate: NodeGate;
  readonly metrics: Metrics;
}

export function serveSnapshots({ bus, store, loop, gate, metrics }: NodeSnapshotsOptions): Subscription {
  const served = metrics.counter('clas_cache_snapshots_total', 'Whole views that nodes asked for');
  const views = new PackedViews();
  return bus.serve(
    CALLS.nodeSnapshot,
    async ({ node, further }, { subject }) => {
      // Of a view that is packed a part is not dear any more.
      gate.requireShare(subject, further && 1);
      // The subject is what the node's credential allows; what the request says counts for nothing beside it.
      if (parseSubject(subject).token !== subjectToken(node)) {
        throw CallError.of('PERMISSION_DENIED', 'not-this-node', `${node} is not the node that asks`);
      }
      if (further !== undefined) return views.further(node, further);
      const missing = store.missing();
      if (missing.length > 0)
        throw CallError.of('UNAVAILABLE', 'not-in-sync', `not in sync: ${missing.join('; ')}`);
      served.add(1);
      return views.first(node, () => loop.snapshot(node));
    },
    { suffix: '*' },
  );
}
