/** What each node knows, and whether what it was told is in its kernel: read off the acknowledgements. */
import type { EnforcementMode, InForce } from '@ringfence/contracts';
import type { ClusterView } from '../cluster-view.calculator.js';
import type { EnforcementTracker } from '../enforcement.calculator.js';
import type { Spans } from '../spans.calculator.js';
import type { Place } from './connections.js';
import type { NodeKnowledge } from './place-judge.js';

export class Enforcement {
  constructor(
    private readonly view: ClusterView,
    private readonly spans: Spans,
    private readonly tracker: EnforcementTracker,
  ) {}

  knowledgeOf(node: string | null): NodeKnowledge {
    const hostAddresses = node === null ? [] : this.view.nodes.heardAddresses(node);
    const namespaceMode = (name: string): EnforcementMode | undefined => this.spans.namespaceMode(name);
    const essential = this.view.nodes.essential.get(node ?? '') ?? [];
    return { view: this.spans.viewOf(node), hostAddresses, essential, namespaceMode };
  }

  /** A node that nobody hears enforces what it has: whether that is what is asked, nobody knows. */
  inForce({ id, node }: Place, now: number): InForce {
    if (node === null || !this.tracker.has(id)) return untold(node, 'nobody enforces anything there yet');
    const doubted = this.tracker.doubted(id, now);
    if (doubted === undefined) return { state: 'yes', node, mode: null, since: null, message: '' };
    const { token, inForce: mode, since, message } = doubted;
    return { state: token === 'node_silent' ? 'unknown' : 'no', node, mode, since, message };
  }
}

const untold = (node: string | null, message: string): InForce => ({
  state: 'unknown',
  node,
  mode: null,
  since: null,
  message,
});
