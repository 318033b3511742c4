/** One node's view off the bus: a snapshot by request, then deltas in order; a gap or a reconnection asks again. */
import type { Bus, Subscription } from '@ringfence/bus';
import { CALLS, NodeView, subjects, subjectToken } from '@ringfence/contracts';
import type { ApplyOutcome } from './node-policy.js';

export interface NodeViewOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly node: string;
  readonly take: (view: NodeView) => ApplyOutcome;
  /** In sync, or what is missing in words. */
  readonly onState: (state: true | string) => void;
}

const RETRY_MS = 500;
/** A lost delta without a next one would never show. */
const NET_MS = 60_000;
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
    const parsed = NodeView.safeParse(payload);
    if (!parsed.success) this.askAgain();
    else if (this.isAsking) {
      if (this.held.length < MOST_HELD) this.held.push(parsed.data);
    } else if (this.options.take(parsed.data) === 'gap') this.resync();
  }

  private async ask(): Promise<void> {
    const { bus, node, take, onState } = this.options;
    try {
      take(await bus.call(CALLS.nodeSnapshot, { node }, { suffix: subjectToken(node) }));
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
    if (!this.isClosed) this.retry = setTimeout(() => this.resync(), RETRY_MS);
  }
}
