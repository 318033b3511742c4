/**
 * Everything that the agent says to clas-cache over the cluster's NATS. Acks, and the list of the node's sandboxes: only
 * the newest matters. Flow batches: a bounded queue, oldest dropped first and counted.
 */
import { activeHeaders, PermanentError } from '@ringfence/bus';
import type { Bus, TraceHeaders } from '@ringfence/bus';
import { CALLS, MOST_SANDBOXES, MOST_WITNESSED_PORTS, subjects, subjectToken } from '@ringfence/contracts';
import type { AgentHeartbeat, FlowBatch, NodeAck, NodeSandboxes, Witnessed } from '@ringfence/contracts';

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

const RETRY_MS = 1_000;
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

interface Acknowledgement {
  readonly ack: NodeAck;
  /** Of the pass that it acknowledges. */
  readonly headers: TraceHeaders;
}
interface Waiting {
  readonly batch: FlowBatch;
  readonly bytes: number;
}

export class Uplink {
  private bus: Bus | undefined;
  private ack: Acknowledgement | undefined;
  private readonly sandboxes = new Map<string, SandboxSeen>();
  /** Counts their changes; what was told is behind, or even. */
  private sandboxChanges = 0;
  private sandboxesTold = 0;
  private flows: Waiting[] = [];
  private waitingBytes = 0;
  private sending: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private lastAck: Acknowledgement | undefined;
  private toldAgainAt = performance.now();
  private closed = false;

  constructor(private readonly options: UplinkOptions) {}

  /** Until then everything waits. */
  connect(bus: Bus): void {
    this.bus = bus;
    this.sendNow();
  }

  acknowledge(ack: NodeAck): void {
    this.ack = {
      ack: fitting({ ...ack, failed: ack.failed.slice(0, MOST_SANDBOXES).map(shortened) }),
      headers: activeHeaders(),
    };
    this.lastAck = { ...this.ack, headers: {} };
    this.send();
  }

  sandboxSeen(id: string, { podUid, namespace, name, addresses }: SandboxSeen): void {
    this.sandboxes.set(id, { podUid, namespace, name, addresses });
    this.sandboxChanged();
  }

  sandboxGone(id: string): void {
    if (this.sandboxes.delete(id)) this.sandboxChanged();
  }

  /** The server may have lost its disk, and with it the list, which else is told only when it changes. */
  connectedAgain(): void {
    this.sandboxChanges += 1;
    this.sendNow();
  }

  flowBatches(batches: readonly FlowBatch[]): void {
    for (const batch of batches) {
      const bytes = Buffer.byteLength(JSON.stringify(batch));
      this.flows.push({ batch, bytes });
      this.waitingBytes += bytes;
    }
    while (this.waitingBytes > this.options.queueBytes) this.dropOldest();
    this.send();
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

  get waiting(): number {
    return this.flows.length;
  }

  /** Sends what waits, as far as the time goes. */
  async close(withinMs: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    const end = new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref());
    await Promise.race([
      (this.sending ?? Promise.resolve()).then(() => this.everything()).catch(() => undefined),
      end,
    ]);
  }

  private tellAgain(): void {
    this.toldAgainAt = performance.now();
    this.ack ??= this.lastAck;
    this.sandboxChanged();
  }

  private sandboxChanged(): void {
    this.sandboxChanges += 1;
    this.send();
  }

  private sendNow(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
    this.send();
  }

  /** What comes while a failed attempt is being waited out has its turn with the next one. */
  private send(): void {
    if (this.bus === undefined || this.sending !== undefined || this.retry !== undefined || this.closed)
      return;
    this.sending = this.everything()
      .catch((error: unknown) => {
        this.options.onError('clas-cache could not be told', error);
        this.retry = setTimeout(() => this.sendNow(), RETRY_MS);
      })
      .finally(() => {
        this.sending = undefined;
      });
  }

  /** Acks first: somebody waits for them. */
  private async everything(): Promise<void> {
    for (;;) {
      if (this.ack !== undefined) await this.sendAck(this.ack);
      else if (this.sandboxesTold < this.sandboxChanges) await this.sendSandboxes();
      else if (this.flows[0] !== undefined) await this.sendFlows(this.flows[0]);
      else return;
    }
  }

  private async sendAck(acknowledgement: Acknowledgement): Promise<void> {
    const { ack, headers } = acknowledgement;
    await this.publish(subjects.ack(this.options.cluster, this.options.node), ack, headers);
    if (this.ack === acknowledgement) this.ack = undefined;
  }

  /** Always the whole list: the newest takes the place of the one before. */
  private async sendSandboxes(): Promise<void> {
    const { cluster, node, bootId } = this.options;
    const sequence = this.sandboxChanges;
    const list: NodeSandboxes = {
      bootId,
      sequence,
      at: new Date().toISOString(),
      sandboxes: [...this.sandboxes.values()].slice(-MOST_SANDBOXES),
    };
    await this.publish(subjects.sandboxes(cluster, node), list);
    this.sandboxesTold = sequence;
  }

  private async sendFlows(waiting: Waiting): Promise<void> {
    const { batch, bytes } = waiting;
    const isTaken = await this.publish(subjects.flow(this.options.cluster, this.options.node), batch);
    if (!isTaken && this.flows[0] === waiting) return this.dropOldest();
    this.options.onFlowsDone(batch.id);
    // It may have been dropped for want of room meanwhile.
    if (this.flows[0]?.batch !== batch) return;
    this.flows.shift();
    this.waitingBytes -= bytes;
  }

  /** False: the server will never take it. What is behind it must not wait for that. */
  private async publish(subject: string, payload: unknown, headers?: TraceHeaders): Promise<boolean> {
    try {
      await this.bus?.publish(subject, payload, headers === undefined ? {} : { headers });
      return true;
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      this.options.onError('clas-cache is not told something that the server never takes', error);
      return false;
    }
  }

  private dropOldest(): void {
    const oldest = this.flows.shift();
    if (oldest === undefined) return;
    this.waitingBytes -= oldest.bytes;
    this.options.onFlowsDone(oldest.batch.id);
    this.options.onDropped(oldest.batch.reporters.reduce((sum, { flows }) => sum + flows.length, 0));
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
