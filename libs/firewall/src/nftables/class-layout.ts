/**
 * Rules on peers as sets, maps and lines: the class of a packet's peer is looked up once and kept in the packet's priority,
 * which nobody needs before the rules have decided; each list of rules is then one look-up of the class.
 */
import type { RuleClass } from '@ringfence/contracts';
import { isDenial } from '../model/firewall.model.js';
import type { ChainRule, PeerSet } from '../model/firewall.model.js';
import { FAMILIES } from './flow-sets.js';
import type { Family } from './flow-sets.js';
import type { SetLayout } from './nft-layout.js';
import type { PeerClasses } from './class-members.js';
import { NO_CLASS } from './class-names.js';
import { peerClasses } from './peer-classes.js';

/** Where classes are told apart: what is a group to one is of no interest to the others. */
export type Realm = 'in' | 'out' | 'guard';
const ADDRESS = { in: 'original', out: 'reply', guard: 'original' } as const;
/** The priority is nobody's business after the decision. */
const LET_GO = `meta priority set ${NO_CLASS}`;

/** Of every realm of one table; worked out from those of an earlier one where there is one. */
export class RealmClasses {
  readonly made = new Map<Realm, PeerClasses>();

  constructor(
    private readonly peers: ReadonlyMap<string, PeerSet>,
    private readonly before: ReadonlyMap<Realm, PeerClasses> | undefined,
  ) {}

  of(realm: Realm, groups: Iterable<string>): PeerClasses {
    const classes = peerClasses(groups, this.peers, this.before?.get(realm));
    this.made.set(realm, classes);
    return classes;
  }
}

export class ClassedRules {
  readonly sets = new Map<string, SetLayout>();
  private readonly peers: PeerClasses;

  /** `lists`: all rules of the realm. */
  constructor(
    private readonly realm: Realm,
    lists: readonly (readonly ChainRule[])[],
    classes: RealmClasses,
  ) {
    const groups = new Set(lists.flatMap((rules) => rules.flatMap((rule) => rule.peers)));
    this.peers = classes.of(realm, groups);
    if (groups.size > 0) for (const family of FAMILIES) this.addMaps(family);
  }

  /** What must stand before the first look-up; nothing where no rule speaks of a peer. */
  entry(): string[] {
    if (!this.hasPeers) return [];
    const told = (family: Family): string =>
      `meta priority set ct ${ADDRESS[this.realm]} ${family === 4 ? 'ip' : 'ip6'} saddr map`;
    const known = FAMILIES.map((family) => `${told(family)} @${this.mapName('c', family)}`);
    const around = FAMILIES.filter((family) => this.sets.has(this.mapName('n', family))).map(
      (family) => `meta priority ${NO_CLASS} ${told(family)} @${this.mapName('n', family)}`,
    );
    return [LET_GO, ...known, ...around];
  }

  /** What must stand after the last one. */
  exit(): string[] {
    return this.hasPeers ? [LET_GO] : [];
  }

  private get hasPeers(): boolean {
    return this.sets.has(this.mapName('c', 4));
  }

  /** The first rule that names the peer decides. `name` is the list's own. */
  lines(name: string, rules: readonly ChainRule[], verdict: (ruleClass: RuleClass) => string): string[] {
    const decided = this.decided(rules);
    const verdicts = new Map(
      rules.filter(({ peers }) => peers.length > 0).map((rule) => [sortOf(rule.class), verdict(rule.class)]),
    );
    return [...verdicts].map(([sort, goes]) => {
      const elements = [...decided].flatMap(([name, by]) => (by === sort ? [name] : []));
      const set = `${sort}_${name}`;
      this.sets.set(set, { keyword: 'set', declaration: 'type classid;', elements, interval: false });
      return `meta priority @${set} ${LET_GO} ${goes}`;
    });
  }

  private decided(rules: readonly ChainRule[]): ReadonlyMap<string, Sort> {
    const decided = new Map<string, Sort>();
    for (const rule of rules)
      for (const name of rule.peers.flatMap((group) => this.peers.classes.get(group) ?? []))
        if (!decided.has(name)) decided.set(name, sortOf(rule.class));
    return decided;
  }

  private addMaps(family: Family): void {
    const declaration = `type ipv${family}_addr : classid;`;
    const { hosts, ranges, origin } = this.peers;
    this.sets.set(this.mapName('c', family), {
      keyword: 'map',
      declaration,
      elements: hosts[family],
      interval: false,
    });
    if (origin.ranges[family].length === 0) return;
    this.sets.set(this.mapName('n', family), {
      keyword: 'map',
      declaration: `${declaration} flags interval;`,
      elements: ranges[family],
      interval: true,
    });
  }

  private mapName(kind: 'c' | 'n', family: Family): string {
    return `${kind}_${this.realm}_${family}`;
  }
}

/** Allowed and denied classes of a list are two sets. */
type Sort = 'a' | 'd';
const sortOf = (ruleClass: RuleClass): Sort => (isDenial(ruleClass) ? 'd' : 'a');
