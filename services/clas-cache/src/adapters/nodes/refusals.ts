/**
 * What nodes' credentials were used for in vain: to speak for another node, or to say more than their share. Counted by
 * node, logged and told to the control plane at once and then once a minute, named in health for an hour.
 */
import type { AgentRefusal } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';

export interface RefusalsOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly tell: (refusal: AgentRefusal) => void;
  readonly now?: () => number;
}

type Claim = AgentRefusal['claims'][number];

interface Refused {
  /** Not told yet. */
  readonly fresh: Map<Claim['claim'], Claim>;
  total: number;
  lastAt: number;
  toldAt: number;
}

const TELL_EVERY_MS = 60_000;
const NAMED_FOR_MS = 3_600_000;
/** More nodes than a cluster has. */
const MOST_NODES = 10_000;
const MOST_NAMED = 5;
const MOST_DETAIL = 300;

export class Refusals {
  private readonly nodes = new Map<string, Refused>();
  private readonly now: () => number;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: RefusalsOptions) {
    this.now = options.now ?? Date.now;
    this.timer = setInterval(() => this.tellAll(), TELL_EVERY_MS);
  }

  note(node: string, claim: Claim['claim'], detail: string, count = 1): void {
    const { metrics } = this.options;
    metrics
      .counter(
        'clas_cache_refused_claims_total',
        'What nodes said that was not theirs to say, or beyond their share',
      )
      .add(count, { node, claim });
    const refused = this.refused(node);
    const before = refused.fresh.get(claim)?.count ?? 0;
    refused.fresh.set(claim, { claim, detail: detail.slice(0, MOST_DETAIL), count: before + count });
    refused.total += count;
    refused.lastAt = this.now();
    if (refused.lastAt - refused.toldAt >= TELL_EVERY_MS) this.tell(node, refused);
  }

  /** Of one node, since we began. */
  of(node: string): { readonly count: number; readonly lastAt: string | null } {
    const refused = this.nodes.get(node);
    if (refused === undefined) return { count: 0, lastAt: null };
    return { count: refused.total, lastAt: new Date(refused.lastAt).toISOString() };
  }

  /** For people. */
  fact(): string {
    const lately = [...this.nodes].filter(([, { lastAt }]) => this.now() - lastAt < NAMED_FOR_MS);
    if (lately.length === 0) return 'none';
    const named = lately.slice(0, MOST_NAMED).map(([node, { total, lastAt }]) => {
      return `${node} ${total} times, last at ${new Date(lastAt).toISOString()}`;
    });
    const rest = lately.length - named.length;
    return `${named.join('; ')}${rest > 0 ? `; and ${rest} more nodes` : ''}`;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private refused(node: string): Refused {
    let refused = this.nodes.get(node);
    if (refused === undefined) {
      refused = { fresh: new Map(), total: 0, lastAt: 0, toldAt: Number.NEGATIVE_INFINITY };
      this.nodes.set(node, refused);
      for (const oldest of this.nodes.keys()) {
        if (this.nodes.size <= MOST_NODES) break;
        this.nodes.delete(oldest);
      }
    }
    return refused;
  }

  private tellAll(): void {
    for (const [node, refused] of this.nodes) if (refused.fresh.size > 0) this.tell(node, refused);
  }

  private tell(node: string, refused: Refused): void {
    refused.toldAt = this.now();
    const claims = [...refused.fresh.values()];
    refused.fresh.clear();
    this.options.logger.error(
      { node, claims },
      'a node said what is not its to say: its credential may be lost',
    );
    this.options.tell({ node, claims, at: new Date(refused.toldAt).toISOString() });
  }
}
