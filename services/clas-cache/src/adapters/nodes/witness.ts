/**
 * A node that has changed its own table asks whether it can still be reached from outside. We dial it where Kubernetes says that
 * it is, never where it says itself, and tell what answered and from which addresses our packets may have seemed to come: our
 * own, or those of the node that we run on, where its network hides Pods behind it. On the node that asks we are not outside.
 */
import { networkInterfaces } from 'node:os';
import type { Bus, Subscription } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { Witnessed } from '@ringfence/contracts';
import { isAnswering, sourceTowards } from '@ringfence/service-host';
import type { ActorStore } from '../../domain/actor-store.js';
import type { NodeGate } from './node-gate.js';
import { senderOf } from '../payload.js';

export type Whereabouts = Pick<ActorStore, 'addressOfNode' | 'endpoint' | 'nodeAt'>;
export interface WitnessOptions {
  readonly bus: Bus;
  readonly store: Whereabouts;
  readonly gate: NodeGate;
}

const WITHIN_MS = 1_000;
const NOTHING_SEEN: Witnessed = { from: [], reached: [] };

export function serveWitness({ bus, store, gate }: WitnessOptions): Subscription {
  return bus.serve(
    CALLS.witness,
    ({ ports }, { subject }) => {
      gate.requireShare(subject);
      return seenFromOutside(store, senderOf(subject), ports);
    },
    { suffix: '*' },
  );
}

export async function seenFromOutside(
  store: Whereabouts,
  node: string,
  ports: readonly number[],
): Promise<Witnessed> {
  const address = store.addressOfNode(node);
  const source = address === undefined ? null : await sourceTowards(address);
  const here = ownNode(store);
  if (address === undefined || source === null || here === node) return NOTHING_SEEN;
  const hiding = here === undefined ? [] : (store.endpoint(here)?.addresses ?? []);
  const isSameFamily = (other: string): boolean => other.includes(':') === address.includes(':');
  const answers = await Promise.all(ports.map((port) => isAnswering({ address, port }, WITHIN_MS)));
  return {
    from: [...new Set([source, ...hiding.filter(isSameFamily)])],
    reached: ports.filter((_, i) => answers[i] === true),
  };
}

/** That we run on: in a Pod of its own address, or in the node's network. */
function ownNode(store: Whereabouts): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.filter(({ internal }) => !internal).map(({ address }) => address);
  for (const address of own) {
    const node = store.nodeAt(address);
    if (node) return node;
  }
  return undefined;
}
