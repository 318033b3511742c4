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
/** Up to so many are compared one after the other: a look-up costs as much as three comparisons. */
export const FEW = 2;
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
    for (const family of FAMILIES) this.addMaps(family);
  }

  /** What must stand before the first look-up; nothing where no rule speaks of a peer. */
  entry(): string[] {
    if (!this.hasPeers) return [];
    const told = (family: Family): string =>
      `meta priority set ct ${ADDRESS[this.realm]} ${family === 4 ? 'ip' : 'ip6'} saddr map`;
    const lookUps = (kind: 'c' | 'n', condition = ''): string[] =>
      FAMILIES.filter((family) => this.sets.has(this.mapName(kind, family))).map(
        (family) => `${condition}${told(family)} @${this.mapName(kind, family)}`,
      );
    const letGo = `meta priority != ${NO_CLASS} ${LET_GO}`;
    return [letGo, ...lookUps('c'), ...lookUps('n', `meta priority ${NO_CLASS} `)];
  }

  /** What must stand after the last one. */
  exit(): string[] {
    return this.hasPeers ? [LET_GO] : [];
  }

  private get hasPeers(): boolean {
    return this.peers.origin.members.size > 0;
  }

  /** The first rule that names the peer decides. `name` is the list's own. */
  lines(name: string, rules: readonly ChainRule[], verdict: (ruleClass: RuleClass) => string): string[] {
    const decided = this.decided(rules);
    const verdicts = new Map(
      rules.filter(({ peers }) => peers.length > 0).map((rule) => [sortOf(rule.class), verdict(rule.class)]),
    );
    return [...verdicts].flatMap(([sort, goes]) => {
      const those = [...decided].flatMap(([name, by]) => (by === sort ? [name] : []));
      const found = those.length > FEW ? [`@${this.addSet(`${sort}_${name}`, those)}`] : those.sort();
      return found.map((these) => `meta priority ${these} ${LET_GO} ${goes}`);
    });
  }

  private decided(rules: readonly ChainRule[]): ReadonlyMap<string, Sort> {
    const decided = new Map<string, Sort>();
    for (const rule of rules)
      for (const name of rule.peers.flatMap((group) => this.peers.classes.get(group) ?? []))
        if (!decided.has(name)) decided.set(name, sortOf(rule.class));
    return decided;
  }

  private addSet(name: string, elements: readonly string[]): string {
    this.sets.set(name, { keyword: 'set', declaration: 'type classid;', elements, interval: false });
    return name;
  }

  /** Where a family has nobody there is nothing to look up. */
  private addMaps(family: Family): void {
    const { hosts, ranges } = this.peers;
    for (const [kind, elements, flags] of [
      ['c', hosts[family], ''],
      ['n', ranges[family], ' flags interval;'],
    ] as const)
      if (!elements.isEmpty)
        this.sets.set(this.mapName(kind, family), {
          keyword: 'map',
          declaration: `type ipv${family}_addr : classid;${flags}`,
          elements,
          interval: kind === 'n',
        });
  }

  private mapName(kind: 'c' | 'n', family: Family): string {
    return `${kind}_${this.realm}_${family}`;
  }
}

/** Allowed and denied classes of a list are two sets. */
type Sort = 'a' | 'd';
const sortOf = (ruleClass: RuleClass): Sort => (isDenial(ruleClass) ? 'd' : 'a');
