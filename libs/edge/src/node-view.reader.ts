/**
 * A node's view off the bus: a snapshot by request, then deltas as they come. Deltas are core NATS messages, so one can be
 * lost; the next one shows the gap, a reconnection asks anyway, and a snapshot now and then is the net below.
 */
import type { Bus, Subscription } from '@ringfence/bus';
import { NodeViewMessage, subjects } from '@ringfence/contracts';
import type { NodeView } from '@ringfence/contracts';
import { viewOf } from './view-message.js';
import { askForView } from './view-parts.js';

export type ViewOutcome = 'applied' | 'old' | 'gap';

export interface NodeViewOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly node: string;
  readonly take: (view: NodeView) => ViewOutcome;
  /** In sync, or what is missing in words. */
  readonly onState: (state: true | string) => void;
}

const RETRY_MS = 1_000;
const NET_MS = 300_000;
/** Deltas that wait for a snapshot; more than this and the next snapshot has them anyway. */
const MOST_HELD = 1_000;

export class NodeViewReader {
  private readonly subscription: Subscription;
  private readonly net: NodeJS.Timeout;
  private retry: NodeJS.Timeout | undefined;
  private isAsking = false;
  private isClosed = false;
  private held: NodeView[] = [];

  constructor(private readonly options: NodeViewOptions) {
    const { bus, cluster, node } = options;
    // Before the snapshot is asked for: what changes in between is held.
    this.subscription = bus.subscribe(subjects.nodeView(cluster, node), ({ payload }) =>
      this.takeDelta(payload),
    );
    this.net = setInterval(() => this.resync(), NET_MS);
    this.resync();
  }

  /** Also called when the connection is back: what was sent meanwhile is lost. */
  resync(): void {
    if (this.isAsking || this.isClosed) return;
    this.isAsking = true;
    clearTimeout(this.retry);
    void this.ask().finally(() => {
      this.isAsking = false;
    });
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.net);
    clearTimeout(this.retry);
    this.subscription.close();
  }

  private takeDelta(payload: unknown): void {
    const { data } = NodeViewMessage.safeParse(payload);
    const view = data && viewOf(data);
    if (view === undefined) {
      this.options.onState('a change of the view was not understood');
      this.askAgain();
    } else if (this.isAsking) {
      if (this.held.length < MOST_HELD) this.held.push(view);
    } else if (this.options.take(view) === 'gap') this.resync();
  }

  private async ask(): Promise<void> {
    const { bus, node, take, onState } = this.options;
    try {
      take(await askForView(bus, node));
      // Those that the snapshot holds already are old; a gap among them means to ask again.
      const hasGap = this.held.splice(0).some((delta) => take(delta) === 'gap');
      onState(true);
      if (hasGap) this.askAgain();
    } catch (error) {
      this.held = [];
      onState(`no view from clas-cache: ${error instanceof Error ? error.message : String(error)}`);
      this.askAgain();
    }
  }

  private askAgain(): void {
    clearTimeout(this.retry);
    if (!this.isClosed) this.retry = setTimeout(() => this.resync(), RETRY_MS);
  }
}
