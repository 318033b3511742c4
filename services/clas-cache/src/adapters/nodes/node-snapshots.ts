/** A node's whole view, for the agent that asks for it. */
import { CallError } from '@ringfence/bus';
import type { Bus, Subscription } from '@ringfence/bus';
import { CALLS, subjectToken } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { ActorStore } from '../../domain/actor-store.js';
import type { StoreLoop } from '../store/store-loop.js';
import type { NodeGate } from './node-gate.js';

export interface NodeSnapshotsOptions {
  readonly bus: Bus;
  readonly store: ActorStore;
  readonly loop: StoreLoop;
  readonly gate: NodeGate;
  readonly metrics: Metrics;
}

export function serveSnapshots({ bus, store, loop, gate, metrics }: NodeSnapshotsOptions): Subscription {
  const served = metrics.counter('clas_cache_snapshots_total', 'Whole views that nodes asked for');
  return bus.serve(
    CALLS.nodeSnapshot,
    async ({ node }, { subject }) => {
      gate.requireShare(subject);
      // The subject is what the node's credential allows; what the request says counts for nothing beside it.
      if (subject.split('.').at(-1) !== subjectToken(node)) {
        throw CallError.of('PERMISSION_DENIED', 'not-this-node', `${node} is not the node that asks`);
      }
      const missing = store.missing();
      if (missing.length > 0)
        throw CallError.of('UNAVAILABLE', 'not-in-sync', `not in sync: ${missing.join('; ')}`);
      served.add(1);
      return loop.snapshot(node);
    },
    { suffix: '*' },
  );
}
