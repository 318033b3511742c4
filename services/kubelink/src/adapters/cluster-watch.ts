/**
 * From the API server's lists and watches to the outbox. Nothing is told before every kind is listed: a Pod without its
 * owner, or a Service without its backends, would be told wrongly.
 */
import { ClusterFactsCalculator, OBSERVED_KINDS } from '@ringfence/cluster-facts';
import type { FactKind, FactKinds, ObservedKind } from '@ringfence/cluster-facts';
import { NETWORK_POLICIES, RESOURCES, startListWatch } from '@ringfence/kubernetes';
import type { ApiClient, ListWatch, WatchedResource } from '@ringfence/kubernetes';
import { activeTraceHeaders, startTrace } from '@ringfence/service-host';
import { CONTRIBUTES } from '../domain/observation-outbox.calculator.js';
import type { ObservationOutbox } from '../domain/observation-outbox.calculator.js';

/** A Pod whose owner is not there by then is told with what its reference says. */
const OWNER_WITHIN_MS = 2_000;
const TELL_AGAIN_EVERY_MS = 5_000;

export interface ClusterWatchOptions {
  readonly client: ApiClient;
  readonly outbox: ObservationOutbox;
  readonly onNews: () => void;
  readonly onTrouble: (plural: string, error: unknown) => void;
  readonly resyncEveryMs: number;
  /** Without, none are told: an empty list says so. */
  readonly importsNetworkPolicies: boolean;
  readonly now: () => Date;
}

export class ClusterWatch {
  private readonly calculator = new ClusterFactsCalculator();
  private readonly watches: { readonly resource: WatchedResource; readonly watch: ListWatch }[];
  private readonly timers: NodeJS.Timeout[];
  private isTelling = false;
  private lastEpoch = 0;
  private toldAgainAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: ClusterWatchOptions) {
    const resources = options.importsNetworkPolicies ? [...RESOURCES, NETWORK_POLICIES] : RESOURCES;
    this.watches = resources.map((resource) => ({ resource, watch: this.follow(resource) }));
    this.timers = [
      setInterval(() => this.releaseHeldBack(), OWNER_WITHIN_MS),
      setInterval(() => this.isTelling && this.tellLists(OBSERVED_KINDS), options.resyncEveryMs),
    ];
  }

  isInSync(): boolean {
    return this.isTelling;
  }

  /** In words: `pods not listed yet (…)`. */
  notListed(): string[] {
    return this.watches.flatMap(({ resource, watch }) => {
      const problem = watch.problem();
      if (watch.isListed()) return [];
      return [
        `${resource.plural} not listed yet${problem === null || problem === 'not listed yet' ? '' : ` (${problem})`}`,
      ];
    });
  }

  /** What is wrong with kinds that are listed and not followed at the moment. */
  troubles(): string[] {
    return this.watches.flatMap(({ resource, watch }) =>
      watch.isListed() && watch.problem() !== null ? [`${resource.plural}: ${watch.problem()}`] : [],
    );
  }

  /**
   * Somebody's lists are missing: everything once more, under a new epoch. It is dear in a large cluster, and who asks
   * repeats itself, so that what is asked too soon is left out.
   */
  tellAgain(): void {
    const now = this.options.now().getTime();
    if (!this.isTelling || now - this.toldAgainAt < TELL_AGAIN_EVERY_MS) return;
    this.toldAgainAt = now;
    this.tellLists(OBSERVED_KINDS);
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.watches.map(({ watch }) => watch.close()));
  }

  private follow<K extends FactKind>(resource: WatchedResource<K>): ListWatch {
    const { kind, plural } = resource;
    let lists = 0;
    return startListWatch<FactKinds[K]>(this.options.client, resource, {
      project: resource.project,
      changed: (uid, facts) => this.news(kind, uid, facts),
      gone: (uid) => this.news(kind, uid, undefined),
      listed: () => {
        lists += 1;
        this.listed(kind, lists);
      },
      trouble: (error) => this.options.onTrouble(plural, error),
    });
  }

  private news<K extends FactKind>(kind: K, uid: string, facts: FactKinds[K] | undefined): void {
    if (!this.isTelling) return this.calculator.apply(kind, uid, facts);
    // Runs to its end at once; the trace of a change begins where we first hear of it.
    void startTrace(
      `observe ${kind}`,
      () => {
        this.calculator.apply(kind, uid, facts);
        this.tell(true);
      },
      { [`k8s.${kind}.uid`]: uid },
    );
  }

  private tell(waitForOwners: boolean): void {
    const observed = { at: this.options.now().toISOString(), trace: activeTraceHeaders() };
    const changes = this.calculator.flush({ waitForOwners });
    for (const change of changes) this.options.outbox.put(change, observed);
    if (changes.length > 0) this.options.onNews();
  }

  private releaseHeldBack(): void {
    if (this.isTelling && this.calculator.heldBack() > 0) this.tell(false);
  }

  private listed(kind: FactKind, times: number): void {
    if (this.isTelling) {
      // Listed again: what vanished was told; a new epoch makes sure of what we may have missed.
      if (times > 1) this.tellLists(CONTRIBUTES[kind]);
      return;
    }
    if (this.notListed().length === 0) this.begin();
  }

  private begin(): void {
    this.calculator.flush({ waitForOwners: false });
    this.isTelling = true;
    this.tellLists(OBSERVED_KINDS);
  }

  private tellLists(kinds: readonly ObservedKind[]): void {
    const now = this.options.now();
    // Later lists have greater epochs, also after a restart.
    this.lastEpoch = Math.max(this.lastEpoch + 1, now.getTime());
    const epoch = this.lastEpoch.toString(36).padStart(9, '0');
    for (const kind of OBSERVED_KINDS.filter((observed) => kinds.includes(observed))) {
      this.options.outbox.putList(kind, this.calculator.everything(kind), epoch, now.toISOString());
    }
    this.options.onNews();
  }
}
