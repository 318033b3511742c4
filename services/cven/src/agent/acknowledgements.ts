/** What this node says to clas-cache about its kernel: said again whenever it differs from what was said last. */
import type { NodeAck } from '@ringfence/contracts';
import type { EnforcementLedger } from '../domain/enforcement.ledger.js';
import { tableOf } from '../domain/place.state.js';
import type { Places } from './places.js';

export interface AcknowledgementOptions {
  readonly node: string;
  readonly bootId: string;
  readonly ledger: EnforcementLedger;
  readonly places: Places;
  readonly onAck: (ack: NodeAck) => void;
}

export class Acknowledgements {
  private said = '';
  /** What the node's own table had when it was last what was asked of it. */
  private hostRevision = 0;

  constructor(private readonly options: AcknowledgementOptions) {}

  tell(revision: number, applyMs = 0): void {
    const { node, bootId, ledger, places, onAck } = this.options;
    const pods = ledger.enforcedPods().sort();
    const failed = ledger.failures();
    const notInForce = ledger.notInForce(Date.now(), (id) => {
      const place = places.get(id);
      return (place && tableOf(place.state)?.model.mode) ?? null;
    });
    // A failure is told by its own words.
    if (ledger.isSettled('host') || ledger.failure('host') !== undefined) this.hostRevision = revision;
    const { hostRevision } = this;
    const content = JSON.stringify([revision, hostRevision, pods, failed, notInForce]);
    if (content === this.said) return;
    this.said = content;
    const at = new Date().toISOString();
    onAck({ node, bootId, revision, hostRevision, at, applyMs, pods, failed, notInForce });
  }
}
