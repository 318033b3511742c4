/**
 * Everything that the agent says to clas-cache over the cluster's NATS. Of acks and of the list of the node's sandboxes only
 * the newest matters; flow batches wait in a bounded queue. Sending, repeating and dropping is the outbox's.
 */
import { activeHeaders } from '@ringfence/bus';
import type { Bus, Publication, TraceHeaders } from '@ringfence/bus';
import { CALLS, MOST_SANDBOXES, MOST_WITNESSED_PORTS, subjects, subjectToken } from '@ringfence/contracts';
import type { AgentHeartbeat, FlowBatch, NodeAck, NodeSandboxes, Witnessed } from '@ringfence/contracts';
import { Outbox } from '@ringfence/edge';

export interface UplinkOptions {
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
  /** Bytes of flow batches that may wait. */
  readonly queueBytes: number;
  readonly onDropped: (flows: number) => void;
  /** A batch is stored, or was dropped: nobody needs to send it again. */
  readonly onFlowsDone: (batchId: string) => void;
  readonly onError: (what: string, error: unknown) => void;
}

/** What is told only when it changes is told again now and then: somebody else may have put a lie in its place. */
const TELL_AGAIN_MS = 20_000;
/** What clas-cache takes of each; more is cut off rather than refused with everything beside it. */
const MOST_ADDRESSES = 512;
const MOST_ERRORS = 100;
const MOST_MESSAGE = 500;
/** With room for what the server counts beside it. */
const MOST_ACK_BYTES = 768 * 1024;

const UNSEEN: Witnessed = { from: [], reached: [] };

export type SandboxSeen = NodeSandboxes['sandboxes'][number];

export class Uplink {
  private readonly outbox: Outbox;
  private bus: Bus | undefined;
  private readonly sandboxes = new Map<string, SandboxSeen>();
  /** Counts the changes of the list, and its being told again. */
  private sandboxChanges = 0;
  private lastAck: NodeAck | undefined;
  private toldAgainAt = performance.now();

  constructor(private readonly options: UplinkOptions) {
    const { queueBytes, onError } = options;
    this.outbox = new Outbox({ queueBytes, onError });
  }

  /** Until then everything waits. */
  connect(bus: Bus): void {
    this.bus = bus;
    this.outbox.connect(bus);
  }

  acknowledge(ack: NodeAck): void {
    const failed = ack.failed.slice(0, MOST_SANDBOXES).map(shortened);
    this.lastAck = fitting({ ...ack, failed });
    // With the trace of the pass that it acknowledges.
    this.outbox.tell('ack', this.ackOf(this.lastAck, activeHeaders()));
  }

  sandboxSeen(id: string, { podUid, namespace, name, addresses }: SandboxSeen): void {
    this.sandboxes.set(id, { podUid, namespace, name, addresses });
    this.tellSandboxes();
  }

  sandboxGone(id: string): void {
    if (this.sandboxes.delete(id)) this.tellSandboxes();
  }

  /** The server may have lost its disk, and with it the list, which else is told only when it changes. */
  connectedAgain(): void {
    this.tellSandboxes();
    this.outbox.sendNow();
  }

  flowBatches(batches: readonly FlowBatch[]): void {
    const { cluster, node, onFlowsDone, onDropped } = this.options;
    const subject = subjects.flow(cluster, node);
    const queued = batches.map((batch) => ({
      publication: { subject, payload: batch },
      onDone: (isStored: boolean) => {
        onFlowsDone(batch.id);
        if (!isStored) onDropped(batch.reporters.reduce((sum, { flows }) => sum + flows.length, 0));
      },
    }));
    this.outbox.enqueue(...queued);
  }

  async heartbeat(heartbeat: AgentHeartbeat): Promise<void> {
    const { cluster, node } = this.options;
    await this.bus?.publish(subjects.heartbeat(cluster, node), {
      ...heartbeat,
      addresses: heartbeat.addresses.slice(0, MOST_ADDRESSES),
      errors: heartbeat.errors.slice(0, MOST_ERRORS).map(shortened),
    });
    if (performance.now() - this.toldAgainAt > TELL_AGAIN_MS) this.tellAgain();
  }

  /** Which of these ports of the node clas-cache reaches from outside; none while it is away. */
  async witnessed(ports: ReadonlySet<number>): Promise<Witnessed> {
    try {
      const asked = { ports: [...ports].slice(0, MOST_WITNESSED_PORTS) };
      const suffix = subjectToken(this.options.node);
      return (await this.bus?.call(CALLS.witness, asked, { suffix })) ?? UNSEEN;
    } catch {
      return UNSEEN;
    }
  }

  /** Batches of flows. */
  get waiting(): number {
    return this.outbox.waiting;
  }

  /** Sends what waits, as far as the time goes. */
  close(withinMs: number): Promise<void> {
    return this.outbox.close(withinMs);
  }

  private tellAgain(): void {
    this.toldAgainAt = performance.now();
    if (this.lastAck !== undefined && !this.outbox.isWaiting('ack'))
      this.outbox.tell('ack', this.ackOf(this.lastAck));
    this.tellSandboxes();
  }

  private ackOf(payload: NodeAck, headers: TraceHeaders = {}): () => Publication {
    const subject = subjects.ack(this.options.cluster, this.options.node);
    return () => ({ subject, payload, headers });
  }

  /** Always the whole list: the newest takes the place of the one before. */
  private tellSandboxes(): void {
    const { cluster, node, bootId } = this.options;
    this.sandboxChanges += 1;
    this.outbox.tell('sandboxes', () => {
      const list: NodeSandboxes = {
        bootId,
        sequence: this.sandboxChanges,
        at: new Date().toISOString(),
        sandboxes: [...this.sandboxes.values()].slice(-MOST_SANDBOXES),
      };
      return { subject: subjects.sandboxes(cluster, node), payload: list };
    });
  }
}

/** A Pod that is not among `pods` counts as not enforced, also where it is not named among those that failed. */
function fitting(ack: NodeAck): NodeAck {
  if (Buffer.byteLength(JSON.stringify(ack)) <= MOST_ACK_BYTES) return ack;
  const { failed, notInForce } = ack;
  const named = { ...ack, failed: failed.slice(0, MOST_ERRORS) };
  return notInForce === undefined ? named : { ...named, notInForce: notInForce.slice(0, MOST_ERRORS) };
}

function shortened<T extends { readonly message: string }>(failure: T): T {
  return { ...failure, message: failure.message.slice(0, MOST_MESSAGE) };
}
