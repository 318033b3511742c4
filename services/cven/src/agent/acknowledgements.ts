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

  constructor(private readonly options: AcknowledgementOptions) {}

  tell(revision: number, applyMs = 0): void {
    const { node, bootId, ledger, places, onAck } = this.options;
    const pods = ledger.enforcedPods().sort();
    const failed = ledger.failures();
    const notInForce = ledger.notInForce(Date.now(), (id) => {
      const place = places.get(id);
      return (place && tableOf(place.state)?.model.mode) ?? null;
    });
    const content = JSON.stringify([revision, pods, failed, notInForce]);
    if (content === this.said) return;
    this.said = content;
    onAck({ node, bootId, revision, at: new Date().toISOString(), applyMs, pods, failed, notInForce });
  }
}
