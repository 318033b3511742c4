/** Pods that we do not manage, and that NetworkPolicies speak of: to their peers they are endpoints, to nobody else anything. */
import type { Address, Endpoint } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import type { PodFacts } from '../pod-endpoints.calculator.js';
import type { NetworkPolicies } from './network-policies.calculator.js';
import type { SeenPod } from './pod-traits.calculator.js';

/** Nobody's uid has a blank. */
const PEER = 'peer ';
const peerName = (uid: string): string => `${PEER}${uid}`;
export const uidOfPeer = (id: string): string => id.slice(PEER.length);

export const seenPod = ({ namespace, labels = {}, namedPorts = [] }: PodFacts): SeenPod => ({
  ...{ namespace, labels, namedPorts },
});

interface Told {
  readonly upsert: Endpoint[];
  readonly remove: string[];
}

export class PeerPods {
  private readonly told = new Map<string, Endpoint>();

  constructor(private readonly policies: Pick<NetworkPolicies, 'variantOf'>) {}

  of(uid: string): Endpoint | undefined {
    return this.told.get(peerName(uid));
  }

  /** `addresses`: its own; none: it is a Pod of ours, or cannot be reached. */
  follow(uid: string, addresses: Address[], changes: Told): void {
    const id = peerName(uid);
    const labelSet = addresses.length === 0 ? undefined : this.policies.variantOf(uid, null)?.id;
    const known = { id, workload: null, class: 'unmanaged' as const, addresses, node: null };
    tell(this.told, id, labelSet === undefined ? null : { ...known, labelSet }, changes);
  }
}

export function tell(
  told: Map<string, Endpoint>,
  id: string,
  endpoint: Endpoint | null,
  changes: Told,
): void {
  if (endpoint === null) {
    if (told.delete(id)) changes.remove.push(id);
  } else if (!isSameValue(told.get(id), endpoint)) {
    told.set(id, endpoint);
    changes.upsert.push(endpoint);
  }
}
