/**
 * The node's view off the bus: a snapshot by request, then deltas as they come. Deltas are core NATS messages, so one can be
 * lost; the next one shows the gap, a reconnection asks anyway, and a snapshot now and then is the net below.
 */
import type { Bus, Subscription } from '@ringfence/bus';
import { CALLS, NodeView, subjects, subjectToken } from '@ringfence/contracts';
import type { ApplyOutcome } from '../domain/view.state.js';

export interface NodeViewOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly node: string;
  readonly take: (view: NodeView) => ApplyOutcome;
  /** In sync, or what is missing in words. */
  readonly onState: (state: true | string) => void;
}

const RETRY_MS = 1_000;
const NET_MS = 300_000;
/** Deltas that wait for a snapshot; more than this and the next snapshot has them anyway. */
const HELD_DELTAS = 1_000;

export class NodeViewConsumer {
  private readonly subscription: Subscription;
  private readonly net: NodeJS.Timeout;
  private retry: NodeJS.Timeout | undefined;
  private asking = false;
  private held: NodeView[] = [];
  private closed = false;

  constructor(private readonly options: NodeViewOptions) {
    const { bus, cluster, node } = options;
    this.subscription = bus.subscribe(subjects.nodeView(cluster, node), ({ payload }) =>
      this.takeDelta(payload),
    );
    this.net = setInterval(() => this.resync(), NET_MS);
    this.resync();
  }

  /** Also called when the connection is back: what was sent meanwhile is lost. */
  resync(): void {
    if (this.asking || this.closed) return;
    this.asking = true;
    void this.ask().finally(() => {
      this.asking = false;
    });
  }

  close(): void {
    this.closed = true;
    clearInterval(this.net);
    clearTimeout(this.retry);
    this.subscription.close();
  }

  private takeDelta(payload: unknown): void {
    const parsed = NodeView.safeParse(payload);
    if (!parsed.success) {
      this.options.onState('a change of the view was not understood');
      this.resync();
    } else if (this.asking) {
      if (this.held.length < HELD_DELTAS) this.held.push(parsed.data);
    } else if (this.options.take(parsed.data) === 'gap') this.resync();
  }

  private async ask(): Promise<void> {
    const { bus, node, take, onState } = this.options;
    try {
      const view = await bus.call(CALLS.nodeSnapshot, { node }, { suffix: subjectToken(node) });
      take(view);
      // Those that the snapshot holds already are old; a gap among them means to ask again.
      const gap = this.held.splice(0).some((delta) => take(delta) === 'gap');
      onState(true);
      if (gap) this.askAgain();
    } catch (error) {
      this.held = [];
      onState(`no view from clas-cache: ${error instanceof Error ? error.message : String(error)}`);
      this.askAgain();
    }
  }

  private askAgain(): void {
    if (!this.closed) this.retry = setTimeout(() => this.resync(), RETRY_MS);
  }
}
