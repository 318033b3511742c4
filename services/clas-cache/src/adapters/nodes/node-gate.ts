/**
 * What comes from nodes passes here: within its share, in its own name. The rest is dropped, counted by node and recorded;
 * who goes on and on beyond its share is cut off for a while.
 */
import { CallError } from '@ringfence/bus';
import type { Message } from '@ringfence/bus';
import { NodeShares } from '../../domain/node-shares.js';
import { senderOf } from '../payload.js';
import type { ForeignClaim } from '../payload.js';
import type { Refusals } from './refusals.js';

export interface NodeGateOptions {
  readonly refusals: Refusals;
  /** Cuts the node off. */
  readonly onAbuse: (node: string) => void;
  readonly shares?: NodeShares;
}

type Arrived = Pick<Message, 'subject' | 'bytes'>;

/** In messages: what is asked for is dear. */
const QUESTION_COSTS = 16;

export class NodeGate {
  private readonly shares: NodeShares;
  /** Of the flow batches at hand: one that is tried again must not be counted again. */
  private decided = new Map<number, boolean>();

  constructor(private readonly options: NodeGateOptions) {
    this.shares = options.shares ?? new NodeShares();
  }

  admits({ subject, bytes }: Arrived): boolean {
    const node = senderOf(subject);
    const taken = this.shares.take(node, bytes, Date.now());
    if (taken === 'taken') return true;
    this.options.refusals.note(node, 'quota', `${bytes} bytes on ${subject} beyond its share`);
    if (taken === 'abuse') this.options.onAbuse(node);
    return false;
  }

  /** Those of a batch that are let in; of each it is decided once. */
  admitted(messages: readonly Message[]): Message[] {
    const before = this.decided;
    this.decided = new Map(
      messages.map((message) => [message.seq, before.get(message.seq) ?? this.admits(message)]),
    );
    return messages.filter(({ seq }) => this.decided.get(seq) === true);
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
