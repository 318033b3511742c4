/** What the agent has to tell: to clas-cache, to whoever watches metrics, to the log. The module decides where it goes. */
import type { FlowBatch, NodeAck, NodeSandboxes } from '@ringfence/contracts';
import type { Place } from '../domain/desired-tables.calculator.js';
import type { Tampering } from './tamper-watch.js';

export interface AgentEvents {
  onSandboxSeen(id: string, seen: NodeSandboxes['sandboxes'][number]): void;
  /** Also of one that nobody was told of. */
  onSandboxGone(id: string): void;
  onAck(ack: NodeAck): void;
  onFlowBatches(batches: readonly FlowBatch[]): void;
  onFlows(named: number, overflow: number, disagreements: number): void;
  /** The flows of one interval of a place could not be read and are gone. */
  onFlowsLost(place: Place): void;
  onApplied(ms: number): void;
  onPass(revision: number, pods: number): void;
  onHealed(place: Place): void;
  /** Who had changed which table, and how often lately. */
  onTampered(tampering: Tampering): void;
  onTrouble(what: string, error: unknown): void;
  onUnpaired(): void;
  /** After having been unpaired. */
  onPaired(): void;
}
