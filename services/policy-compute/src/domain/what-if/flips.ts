/**
 * Which connections have another verdict under another policy. Of a million seen, few have an end that the change concerns at all, and those
 * are alike by their label sets: only these are judged, and each kind of them once.
 */
import type { Group, Unit, Verdict } from '@ringfence/contracts';
import type { EntityFact } from '../facts.js';
import { holdsToken, judgedByLabels, labelSetOf } from '../judged-by-labels.js';
import type { End, ModeOf } from '../judged-by-labels.js';
import type { StandingPolicy } from '../standing-policy.js';
import type { SeenEdge } from '../suggestion/seen-edge.js';

export type Standings = ReadonlyMap<string, StandingPolicy>;

export type JudgedCall = Pick<SeenEdge, 'from' | 'to' | 'proto' | 'port'>;

export interface FlippedVerdict {
  readonly before: Verdict;
  readonly after: Verdict;
  /** Which ends decide otherwise than "allow" afterwards, and by which rule; null: none speaks about it. */
  readonly rule: string | null;
}

/** Of more lists it is not worth while to find out which addresses are alike: each is a kind of its own then. */
const MOST_LISTS = 64;

/** Ports and ends each fit, and so both in one number that is exact. */
const PORTS = 2 ** 24;

export interface KnownEnd {
  /** Ends of one kind are judged alike. */
  readonly kind: number;
  /** Something that is asked at this end is otherwise afterwards. */
  readonly isConcerned: boolean;
}

export class Flips {
  private readonly named: ReadonlySet<string>;
  private readonly concerned = new Map<string, boolean>();
  private readonly kinds = new Map<string, number>();
  private readonly ends = new Map<EntityFact, KnownEnd>();
  private readonly tokens = new Map<string, KnownEnd>();
  /** With addresses in them; undefined: too many. */
  private readonly lists: readonly Group[] | undefined;
  /** By the kinds of the source, then of the destination and its port. */
  private readonly judged = new Map<number, Map<number, FlippedVerdict | null>>();

  constructor(
    private readonly before: Standings,
    private readonly after: Standings,
    private readonly modeOf: ModeOf,
  ) {
    this.named = new Set([before, after].flatMap((standings) => [...standings.values()].flatMap(namedIn)));
    const lists = new Map([before, after].flatMap(listsIn));
    this.lists = lists.size > MOST_LISTS ? undefined : [...lists.values()];
  }

  of(edge: JudgedCall): FlippedVerdict | null {
    const { from, to, proto, port } = edge;
    const [source, destination] = [this.known(from), this.known(to)];
    if (!source.isConcerned && !destination.isConcerned) return null;
    const target = destination.kind * PORTS + proto * 65_536 + port;
    let ofSource = this.judged.get(source.kind);
    if (ofSource === undefined) this.judged.set(source.kind, (ofSource = new Map()));
    let flip = ofSource.get(target);
    if (flip === undefined) ofSource.set(target, (flip = this.judge(edge)));
    return flip;
  }

  private judge({ from, to, proto, port }: JudgedCall): FlippedVerdict | null {
    const connection = { from, to, packet: { proto, port } };
    const old = judgedByLabels(connection, (cluster) => this.before.get(cluster)).explanation;
    const now = judgedByLabels(connection, (cluster) => this.after.get(cluster), this.modeOf).explanation;
    if (old.verdict === now.verdict) return null;
    const rule = now.reason.kind === 'denied' ? now.reason.rule.ref : null;
    return { before: old.verdict, after: now.verdict, rule };
  }

  known({ entity, token }: End): KnownEnd {
    if (entity === null) return this.knownToken(token);
    let known = this.ends.get(entity);
    if (known === undefined) {
      const mode = this.modeOf(entity);
      const alike = this.isAsItsLabelSet(entity) ? labelSetOf(entity) : entity.id;
      const isConcerned = mode !== undefined || this.isOtherwise(entity);
      this.ends.set(entity, (known = { kind: this.numberOf(`${alike} ${mode ?? ''}`), isConcerned }));
    }
    return known;
  }

  /** Nobody enforces at an address: whatever changes for it is asked at the other end. */
  private knownToken(token: string): KnownEnd {
    let known = this.tokens.get(token);
    if (known === undefined) {
      const alike = this.lists?.flatMap((list, i) => (holdsToken(list, token) ? [i] : [])).join() ?? token;
      this.tokens.set(token, (known = { kind: this.numberOf(`in ${alike}`), isConcerned: false }));
    }
    return known;
  }

  private isOtherwise(entity: EntityFact): boolean {
    const labelSet = labelSetOf(entity);
    let known = this.concerned.get(labelSet);
    if (known === undefined) {
      const [old, now] = [this.before, this.after].map((each) => each.get(entity.cluster));
      this.concerned.set(labelSet, (known = !isSameFor(labelSet, old, now)));
    }
    return known;
  }

  private isAsItsLabelSet({ id, class: entityClass, addresses }: EntityFact): boolean {
    return entityClass !== 'node' && addresses.length === 0 && !this.named.has(id);
  }

  private numberOf(kind: string): number {
    const known = this.kinds.get(kind) ?? this.kinds.size;
    this.kinds.set(kind, known);
    return known;
  }
}

/** Lists that hold the same addresses are one. */
function listsIn(standings: Standings): [string, Group][] {
  return [...standings.values()].flatMap(({ groups }) =>
    [...groups.values()].flatMap((group): [string, Group][] =>
      group.cidrs.length === 0 ? [] : [[group.cidrs.join(), group]],
    ),
  );
}

/** Workloads that rules name one by one: each is a kind of its own. */
function namedIn({ groups, lists }: StandingPolicy): string[] {
  return [
    ...[...groups.values()].flatMap(({ workloads }) => workloads),
    ...[...lists.values()].flatMap((list) =>
      [...list.ingress, ...list.egress].flatMap(({ onlyWorkloads }) => onlyWorkloads ?? []),
    ),
  ];
}

/** What did not change is the very same record in both. */
function isSameFor(
  labelSet: string,
  before: StandingPolicy | undefined,
  after: StandingPolicy | undefined,
): boolean {
  const [old, now] = [before?.unit(labelSet), after?.unit(labelSet)];
  if (old === undefined || now === undefined) return old === now;
  const isSameGroup = (id: string): boolean => before?.groups.get(id) === after?.groups.get(id);
  const isSame = (direction: 'ingress' | 'egress'): boolean =>
    sameRules(old[direction], now[direction]) &&
    old[direction].every(({ peers }) => peers.every(isSameGroup));
  return old.mode === now.mode && isSame('ingress') && isSame('egress');
}

const sameRules = (a: Unit['ingress'], b: Unit['ingress']): boolean =>
  a.length === b.length && a.every((rule, i) => rule === b[i]);
