/**
 * From the API server's lists and watches to the outbox. Nothing is told before every kind is listed: a Pod without its
 * owner, or a Service without its backends, would be told wrongly.
 */
import { ClusterFactsCalculator, OBSERVED_KINDS } from '@ringfence/cluster-facts';
import type { FactKind, FactKinds, ObservedKind } from '@ringfence/cluster-facts';
import {
  NETWORK_POLICIES,
  RESOURCES,
  ServerPresence,
  startListWatch,
  StateWentBack,
} from '@ringfence/kubernetes';
import type { ApiClient, Listed, ListWatch, PresenceTimes, WatchedResource } from '@ringfence/kubernetes';
import type { KubelinkLack } from '@ringfence/contracts';
import { activeTraceHeaders, startTrace } from '@ringfence/service-host';
import { keepsOutOfSync, lacksOf } from '../domain/lacks.js';
import { CONTRIBUTES, SHOWS } from '../domain/observation-outbox.calculator.js';
import type { ObservationOutbox } from '../domain/observation-outbox.calculator.js';

/** A Pod whose owner is not there by then is told with what its reference says. */
const OWNER_WITHIN_MS = 2_000;
const TELL_AGAIN_EVERY_MS = 5_000;
/** A server that begins anew makes every kind be listed again: what several of them contribute to is told once. */
const TELL_LISTED_AFTER_MS = 1_000;
const TROUBLED_AFTER_MS = 4_000;

export interface ClusterWatchOptions {
  readonly client: ApiClient;
  readonly outbox: ObservationOutbox;
  readonly onNews: () => void;
  readonly onTrouble: (plural: string, error: unknown) => void;
  /** A list without a reason found so many objects otherwise than they were held. */
  readonly onMended: (plural: string, differences: number) => void;
  readonly resyncEveryMs: number;
  readonly verifyEveryMs?: number;
  readonly askAgainForRefusedMs?: number;
  readonly presence?: PresenceTimes;
  readonly troubledAfterMs?: number;
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
  private presence: ServerPresence | undefined;
  /** Listed again, and not told again yet. */
  private readonly relisted = new Set<ObservedKind>();
  private tellingRelisted: NodeJS.Timeout | undefined;

  constructor(private readonly options: ClusterWatchOptions) {
    const resources = options.importsNetworkPolicies ? [...RESOURCES, NETWORK_POLICIES] : RESOURCES;
    this.watches = resources.map((resource) => ({ resource, watch: this.follow(resource) }));
    this.timers = [
      setInterval(() => this.releaseHeldBack(), OWNER_WITHIN_MS),
      setInterval(() => this.isTelling && this.tellLists(OBSERVED_KINDS, true), options.resyncEveryMs),
    ];
  }

  /** All that may be read is listed, told and followed. */
  isInSync(): boolean {
    return this.isTelling && !this.lacks().some(keepsOutOfSync);
  }

  lacks(): KubelinkLack[] {
    const { now, outbox, troubledAfterMs = TROUBLED_AFTER_MS } = this.options;
    return lacksOf({
      kinds: this.watches.map(({ resource: { plural }, watch }) => ({
        ...{ plural, isListed: watch.isListed(), problem: watch.problem() },
        ...{ failingSince: watch.failingSince(), refusal: watch.refusal() },
      })),
      absence: this.presence?.absence() ?? null,
      areListsTold: outbox.areListsTold(),
      ...{ now: now(), troubledAfterMs },
    });
  }

  /**
   * Somebody's lists are missing: everything once more, under a new epoch. It is dear in a large cluster, and who asks
   * repeats itself, so that what is asked too soon is left out.
   */
  tellAgain(): void {
    const now = this.options.now().getTime();
    if (!this.isTelling || now - this.toldAgainAt < TELL_AGAIN_EVERY_MS) return;
    this.toldAgainAt = now;
    this.tellLists(OBSERVED_KINDS, true);
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    clearTimeout(this.tellingRelisted);
    await this.presence?.close();
    await Promise.all(this.watches.map(({ watch }) => watch.close()));
  }

  private follow<K extends FactKind>(resource: WatchedResource<K>): ListWatch {
    const { kind, plural } = resource;
    const { client, onTrouble, verifyEveryMs, askAgainForRefusedMs } = this.options;
    const events = {
      project: resource.project,
      changed: (uid: string, facts: FactKinds[K]) => this.news(kind, uid, facts),
      gone: (uid: string) => this.news(kind, uid, undefined),
      listed: (list: Listed) => this.listed(resource, list),
      refused: () => this.settled(),
      wentBack: (error: StateWentBack) => this.listAllBut(plural, error),
      trouble: (error: unknown) => onTrouble(plural, error),
    };
    return startListWatch<FactKinds[K]>(client, resource, events, {
      ...(verifyEveryMs !== undefined && { verifyEveryMs }),
      ...(askAgainForRefusedMs !== undefined && { askAgainForRefusedMs }),
    });
  }

  /** What one kind, or none, has noticed holds for all. */
  private listAllBut(plural: string | undefined, error: StateWentBack): void {
    this.options.onTrouble(plural ?? 'every kind', error);
    for (const { resource, watch } of this.watches) if (resource.plural !== plural) watch.listAgain();
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

  private listed({ kind, plural }: WatchedResource, { why, differences }: Listed): void {
    if (why === 'verified' && differences > 0) this.options.onMended(plural, differences);
    const wasTelling = this.isTelling;
    this.settled();
    // What differs was told; where we know that we missed something, a new epoch makes sure of it.
    if (wasTelling && why !== 'verified') this.tellSoon(CONTRIBUTES[kind]);
  }

  /** What every kind has is known, or that it may not be known. */
  private settled(): void {
    const unseen = this.refused().flatMap(({ resource: { controls } }) => controls ?? []);
    this.calculator.setUnseen(new Set(unseen));
    if (this.isTelling) this.tell(true);
    else if (this.watches.every(({ watch }) => watch.isListed() || watch.refusal() !== null)) this.begin();
  }

  private refused(): typeof this.watches {
    return this.watches.filter(({ watch }) => watch.refusal() !== null);
  }

  private tellSoon(kinds: readonly ObservedKind[]): void {
    for (const kind of kinds) this.relisted.add(kind);
    this.tellingRelisted ??= setTimeout(() => {
      this.tellingRelisted = undefined;
      this.tellLists([...this.relisted]);
    }, TELL_LISTED_AFTER_MS);
  }

  private begin(): void {
    this.calculator.flush({ waitForOwners: false });
    this.isTelling = true;
    this.tellLists(OBSERVED_KINDS);
    this.presence = new ServerPresence({
      client: this.options.client,
      since: this.watches.find(({ resource }) => resource.kind === 'namespace')?.watch.version(),
      wentBack: (from, to) => this.listAllBut(undefined, new StateWentBack(from, to)),
      // Watches of before may hang for long, or wait long before they are begun again.
      returned: () => this.watches.forEach(({ watch }) => watch.askNow()),
      ...this.options.presence,
    });
  }

  private tellLists(kinds: readonly ObservedKind[], isRepeat = false): void {
    const now = this.options.now();
    // Later lists have greater epochs, also after a restart.
    this.lastEpoch = Math.max(this.lastEpoch + 1, now.getTime());
    const epoch = this.lastEpoch.toString(36).padStart(9, '0');
    const partial = this.refused().flatMap(({ resource }) => SHOWS[resource.kind]);
    for (const kind of OBSERVED_KINDS.filter((observed) => kinds.includes(observed))) {
      this.relisted.delete(kind);
      const list = { epoch, at: now.toISOString(), isRepeat, isPartial: partial.includes(kind) };
      this.options.outbox.putList(kind, this.calculator.everything(kind), list);
    }
    this.options.onNews();
  }
}
