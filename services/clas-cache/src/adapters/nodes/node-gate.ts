/**
 * What comes from nodes passes here: within its share, in its own name. The rest is dropped, counted by node and recorded;
 * who goes on and on beyond its share is cut off for a while.
 */
import { CallError, Shares } from '@ringfence/bus';
import type { Arrived, Share } from '@ringfence/bus';
import { senderOf } from '../payload.js';
import type { ForeignClaim } from '../payload.js';
import type { Refusals } from './refusals.js';

export interface NodeGateOptions {
  readonly refusals: Refusals;
  /** Cuts the node off. */
  readonly onAbuse: (node: string) => void;
}

const MIB = 1024 ** 2;
/**
 * A stream holds 2,048 flow batches of a node; an agent in a busy cluster says a few messages a second. An agent that comes
 * back from an outage needs its whole bucket.
 */
const NODE_SHARE: Share = {
  ...{ messages: 4_096, messagesPerSecond: 50, bytes: 512 * MIB, bytesPerSecond: 4 * MIB },
  // Its account names each of its subjects.
  ...{ subjects: 64, patience: 1_000 },
};
/** In messages: what is asked for is dear. */
const QUESTION_COSTS = 16;

export class NodeGate {
  private readonly shares = new Shares(NODE_SHARE);

  constructor(private readonly options: NodeGateOptions) {}

  /** Asked once of each message. */
  admits({ subject, bytes }: Pick<Arrived, 'subject' | 'bytes'>): boolean {
    const node = senderOf(subject);
    const taken = this.shares.take(node, { subject, bytes }, Date.now());
    if (taken === 'taken') return true;
    this.options.refusals.note(node, 'quota', `${bytes} bytes on ${subject} beyond its share`);
    if (taken === 'abuse') this.options.onAbuse(node);
    return false;
  }

  /** Throws CallError. */
  requireShare(subject: string, costs = QUESTION_COSTS): void {
    for (let cost = 0; cost < costs; cost += 1) {
      if (!this.admits({ subject, bytes: 0 }))
        throw CallError.of('RESOURCE_EXHAUSTED', 'beyond-its-share', 'asked too often, try again later');
    }
  }

  refuse({ node, claim, detail }: ForeignClaim): void {
    this.options.refusals.note(node, claim, detail);
  }
}
