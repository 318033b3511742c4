/** What each node knows, and whether what it was told is in its kernel: read off the acknowledgements. */
import type { EnforcementMode, InForce, NodeAck } from '@ringfence/contracts';
import type { ClusterView } from '../cluster-view.calculator.js';
import type { NodeViews } from '../node-views.calculator.js';
import { DISCONNECTED_AFTER_MS } from '../readiness.calculator.js';
import type { Readiness } from '../readiness.calculator.js';
import type { Place } from './connections.js';
import type { NodeKnowledge } from './place-judge.js';

export class Enforcement {
  constructor(
    private readonly view: ClusterView,
    private readonly nodeViews: NodeViews,
    private readonly readiness: Readiness,
    private readonly lastAck: (node: string) => NodeAck | undefined,
  ) {}

  knowledgeOf(node: string | null): NodeKnowledge {
    const hostAddresses = node === null ? [] : this.view.nodes.heardAddresses(node);
    const namespaceMode = (name: string): EnforcementMode | undefined => this.nodeViews.namespaceMode(name);
    const essential = this.view.nodes.essential.get(node ?? '') ?? [];
    return { view: this.nodeViews.viewOf(node), hostAddresses, essential, namespaceMode };
  }

  inForce(place: Place, asked: EnforcementMode, now: number): InForce {
    const { node } = place;
    const ack = node === null ? undefined : this.lastAck(node);
    if (node === null || ack === undefined)
      return untold(node, 'no agent has acknowledged anything on this node');
    const told = ack.notInForce?.find(({ id }) => id === place.id);
    if (told !== undefined)
      return { state: 'no', node, mode: told.inForce, since: told.since, message: told.message };
    const failure = ack.failed.find(({ pod }) => pod === place.id);
    if (failure !== undefined)
      return { state: 'no', node, mode: null, since: ack.at, message: failure.message };
    if (place.kind === 'pod' && asked !== 'idle' && !ack.pods.includes(place.id))
      return {
        state: 'no',
        node,
        mode: null,
        since: null,
        message: `its rules are not in the kernel of ${node} yet`,
      };
    return this.#upToDate(node, ack, now);
  }

  #upToDate(node: string, ack: NodeAck, now: number): InForce {
    const heardAt = this.readiness.heardAt(node) ?? 0;
    const since = new Date(heardAt).toISOString();
    if (now - heardAt > DISCONNECTED_AFTER_MS)
      return {
        state: 'unknown',
        node,
        mode: null,
        since,
        message: `${node} has not been heard of; it enforces what it has`,
      };
    const told = this.nodeViews.revisionOf(node) ?? 0;
    if (ack.revision < told)
      return {
        state: 'no',
        node,
        mode: null,
        since: null,
        message: `${node} has acknowledged revision ${ack.revision} of ${told}`,
      };
    return { state: 'yes', node, mode: null, since: null, message: '' };
  }
}

const untold = (node: string | null, message: string): InForce => ({
  state: 'unknown',
  node,
  mode: null,
  since: null,
  message,
});
