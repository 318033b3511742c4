/**
 * Egress rules as the control plane's lists have them, and what clas-cache makes of them. Whoever shares a list shares that, too:
 * it is made once for all of them, and stays the same object as long as it says the same.
 */
import type { GroupId, LabelSetId, WireRule } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import type { OpenedServices } from '@ringfence/policy-engine';

type Rules = readonly WireRule[];

interface Listed {
  /** Whose rules they are. */
  readonly units: Set<LabelSetId>;
  opened: OpenedServices | undefined;
  isStale: boolean;
}

export class OpenedLists {
  private readonly lists = new Map<Rules, Listed>();
  private readonly byPeer = new Map<GroupId, Set<Rules>>();

  use(rules: Rules, unit: LabelSetId): void {
    const known = this.lists.get(rules);
    if (known !== undefined) {
      known.units.add(unit);
      return;
    }
    this.lists.set(rules, { units: new Set([unit]), opened: undefined, isStale: true });
    for (const peer of openingPeers(rules)) {
      const lists = this.byPeer.get(peer);
      if (lists === undefined) this.byPeer.set(peer, new Set([rules]));
      else lists.add(rules);
    }
  }

  disuse(rules: Rules, unit: LabelSetId): void {
    const listed = this.lists.get(rules);
    if (!listed?.units.delete(unit) || listed.units.size > 0) return;
    this.lists.delete(rules);
    for (const peer of openingPeers(rules)) {
      const lists = this.byPeer.get(peer);
      if (lists?.delete(rules) && lists.size === 0) this.byPeer.delete(peer);
    }
  }

  /** Services stand behind the group that did not before, or no longer: whose rules are to be opened again? */
  *changed(group: GroupId): Generator<LabelSetId> {
    for (const rules of this.byPeer.get(group) ?? []) {
      const listed = this.lists.get(rules)!;
      listed.isStale = true;
      yield* listed.units;
    }
  }

  allChanged(): void {
    for (const listed of this.lists.values()) listed.isStale = true;
  }

  /** `open` is called where nobody has them opened. */
  opened(rules: Rules, open: () => OpenedServices): OpenedServices {
    const listed = this.lists.get(rules);
    if (listed === undefined) return open();
    if (listed.isStale) {
      const opened = open();
      if (!isSameValue(listed.opened, opened)) listed.opened = opened;
      listed.isStale = false;
    }
    return listed.opened!;
  }
}

const openingPeers = (rules: Rules): Set<GroupId> =>
  new Set(rules.flatMap((rule) => (rule.class === 'allow' ? rule.peers : [])));
