/**
 * What is not enforced: the places (Pods of managed namespaces, and paired nodes) whose kernel does not have what policy
 * asks, as far as anybody can tell, each with a reason and since when. Absence of proof counts as not in force. Looked at
 * for every node, in this order; the first that holds is told:
 *
 *   the node is unpaired                                    → at once
 *   its agent is silent                                     → at once (silence itself takes 15 s)
 *   its agent says so of the place                          → at once
 *   its agent has not acknowledged what it was told         → after 5 s
 *   its agent does not name the Pod among those in force    → after 5 s
 *   a node that others' Pods need as a judge is none        → after 5 s, whatever is asked of it
 *
 * Times are milliseconds since the epoch, given by the caller.
 */
import type { Endpoint, EnforcementMode, NotInForce } from '@ringfence/contracts';
import { MOST_NOT_IN_FORCE } from '@ringfence/contracts';
import { NOTHING_PROVEN } from './agent-book.js';
import type { AgentBook } from './agent-book.js';
import { TellingTimes } from './telling-times.js';

export interface EnforcedPlace {
  /** Pod uid, or the node's name. */
  readonly id: string;
  readonly node: string;
  readonly isPod: boolean;
  readonly workload: string | null;
  readonly namespace: string | null;
  readonly name: string;
}
export type PlaceNotInForce = NotInForce & Pick<EnforcedPlace, 'workload' | 'namespace' | 'name'>;

/** What is enforced on: a Pod that can be reached, or a node; null for everything else. */
export function placeOf({ id, class: kind, node, addresses, workload, pod }: Endpoint): EnforcedPlace | null {
  if (kind === 'node') return nodePlace(id, workload);
  if (kind !== 'pod' || node === null || pod === undefined || addresses.length === 0) return null;
  return { id, node, isPod: true, workload, namespace: pod.namespace, name: pod.name };
}

export function nodePlace(node: string, workload: string | null = null): EnforcedPlace {
  return { id: node, node, isPod: false, workload, namespace: null, name: node };
}

/** What is asked and seen; `ClusterView` answers it. */
export interface EnforcementLookup {
  /** The mode that policy wants; undefined: none. */
  asked(id: string): EnforcementMode | undefined;
  hasSandbox(pod: string): boolean;
  isUnpaired(node: string): boolean;
  /** Pods are to be reached through it, and it does not judge whom it hides behind its address. */
  isMissedAsJudge(node: string): boolean;
}

/** Of one node, whenever anything of it changed. */
export interface NodeStanding {
  readonly node: string;
  readonly places: number;
  readonly notInForce: readonly PlaceNotInForce[];
  /** All of them, named or not. */
  readonly count: number;
}

/**
 * A change is in force within milliseconds; what takes longer than this is no change under way any more. Long enough for a
 * busy node's pass over all of its Pods, short enough for a person who waits.
 */
export const TOLD_AFTER_MS = 5_000;
/** Time alone may decide. */
const LOOK_AGAIN_MS = 1_000;

interface Place extends EnforcedPlace {
  /** When it was found in force last; before that, when it began to be expected. */
  fineAt: number;
  /** In force then. */
  mode: EnforcementMode | null;
  told: PlaceNotInForce | null;
}
interface Doubt {
  readonly token: string;
  readonly message: string;
  readonly since: number;
  readonly isSure: boolean;
  /** The node's own word on it; else what was in force last. */
  readonly inForce?: EnforcementMode | null;
}

export class EnforcementTracker {
  private readonly placeById = new Map<string, Place>();
  private readonly byNode = new Map<string, Map<string, Place>>();
  private readonly tellings = new TellingTimes();
  private readonly standings = new Map<string, string>();
  private readonly tokens = new Map<string, ReadonlyMap<string, number>>();
  private readonly due = new Set<string>();
  private lookedAt = -Infinity;

  constructor(
    private readonly lookup: EnforcementLookup,
    private readonly agents: AgentBook,
  ) {}

  setPlace(place: EnforcedPlace, now: number): void {
    const before = this.placeById.get(place.id);
    if (before !== undefined && before.node !== place.node) this.removePlace(place.id);
    const kept = this.placeById.get(place.id) ?? { fineAt: now, mode: null, told: null };
    const next: Place = { ...place, fineAt: kept.fineAt, mode: kept.mode, told: kept.told };
    this.placeById.set(place.id, next);
    const places = this.byNode.get(place.node) ?? new Map<string, Place>();
    this.byNode.set(place.node, places.set(place.id, next));
    this.due.add(place.node);
  }

  removePlace(id: string): void {
    const place = this.placeById.get(id);
    if (place === undefined) return;
    this.placeById.delete(id);
    this.byNode.get(place.node)?.delete(id);
    this.due.add(place.node);
  }

  /** The node was told something that it is to acknowledge. */
  told(node: string, revision: number, now: number): void {
    if (this.tellings.newest(node) < revision) this.tellings.told(node, revision, now);
  }

  agentSpoke(node: string): void {
    this.tellings.acknowledged(node, this.agents.revisionOf(node));
    this.due.add(node);
  }

  nodeGone(node: string): void {
    this.tellings.forget(node);
    this.due.add(node);
  }

  /** Of one place; undefined: it is in force, or nothing is asked of it. */
  notInForce(id: string): PlaceNotInForce | undefined {
    return this.placeById.get(id)?.told ?? undefined;
  }

  /** At this moment, also where it is too young to be told: an answer to a question is not an alarm. */
  doubted(id: string, now: number): PlaceNotInForce | undefined {
    const place = this.placeById.get(id);
    if (place !== undefined && place.told !== null) return place.told;
    const asked = this.lookup.asked(id);
    if (place === undefined) return undefined;
    const said = wordsByPlace(this.agents.wordsOf(place.node)).get(id);
    const doubt = this.doubt(place, asked, said, now);
    return doubt === null ? undefined : toldOf(place, asked ?? 'idle', doubt, now);
  }

  /** Of one node: how many places there are, those that are told not to be in force, and since when it owes us its word. */
  standingOf(node: string): { places: number; notInForce: PlaceNotInForce[]; waitingSince: number | null } {
    const places = [...(this.byNode.get(node)?.values() ?? [])];
    const notInForce = places.flatMap(({ told }) => told ?? []);
    const waitingSince = this.tellings.oldestUnacknowledged(node) ?? null;
    return { places: places.length, notInForce, waitingSince };
  }

  /** Whether anything is known of it. */
  has(id: string): boolean {
    return this.placeById.has(id);
  }

  /** How many places are not in force, by reason. */
  counts(): Map<string, number> {
    const sum = new Map<string, number>();
    for (const tokens of this.tokens.values())
      for (const [token, count] of tokens) sum.set(token, (sum.get(token) ?? 0) + count);
    return sum;
  }

  /** Nodes that anything is enforced on. */
  nodes(): string[] {
    return [...this.byNode].filter(([, places]) => places.size > 0).map(([node]) => node);
  }

  get places(): number {
    return this.placeById.size;
  }

  evaluate(now: number): NodeStanding[] {
    if (Math.abs(now - this.lookedAt) >= LOOK_AGAIN_MS) {
      this.lookedAt = now;
      for (const node of this.byNode.keys()) this.due.add(node);
    }
    const due = [...this.due];
    this.due.clear();
    return due.flatMap((node) => this.evaluateNode(node, now) ?? []);
  }

  private evaluateNode(node: string, now: number): NodeStanding | null {
    const places = [...(this.byNode.get(node)?.values() ?? [])];
    const said = wordsByPlace(this.agents.wordsOf(node));
    const judged = places.map((place) => this.judge(place, said, now));
    // Nothing was said of the node yet, and something is still open: what was said before a start stands until it is clear.
    if (!this.standings.has(node) && judged.includes('open')) return null;
    const all = judged.filter((one) => typeof one === 'object');
    this.tokens.set(node, countTokens(all));
    const notInForce = all.slice(0, MOST_NOT_IN_FORCE);
    const isNews = this.isNews(node, places.length, JSON.stringify([notInForce, all.length]));
    return isNews ? { node, places: places.length, notInForce, count: all.length } : null;
  }

  /** A node without places is remembered no longer than it takes to say so. */
  private isNews(node: string, places: number, text: string): boolean {
    const before = this.standings.get(node);
    if (places > 0) this.standings.set(node, text);
    else {
      for (const kept of [this.standings, this.tokens, this.byNode]) kept.delete(node);
    }
    return before === undefined ? places > 0 : before !== text;
  }

  private judge(
    place: Place,
    said: ReadonlyMap<string, Word>,
    now: number,
  ): PlaceNotInForce | 'fine' | 'open' {
    const asked = this.lookup.asked(place.id);
    const doubt = this.doubt(place, asked, said.get(place.id), now);
    if (doubt === null) {
      place.mode = asked ?? null;
      place.fineAt = now;
      place.told = null;
      return 'fine';
    }
    // What was told once is told until there is no doubt left.
    if (place.told === null && !doubt.isSure && now - doubt.since < TOLD_AFTER_MS) return 'open';
    return (place.told = toldOf(place, asked ?? 'idle', doubt, now));
  }

  private doubt(
    place: Place,
    asked: EnforcementMode | undefined,
    said: Word | undefined,
    now: number,
  ): Doubt | null {
    return this.doubtOfPolicy(place, asked, said, now) ?? this.missedAsJudge(place);
  }

  private doubtOfPolicy(
    place: Place,
    asked: EnforcementMode | undefined,
    said: Word | undefined,
    now: number,
  ): Doubt | null {
    if (asked === undefined) return null;
    const own = said === undefined ? null : sure(said, now);
    // Idle asks for nothing in the kernel: only what is still there, by the node's own word or the last look, is wrong.
    if (asked === 'idle' && (place.mode ?? 'idle') === 'idle') return own;
    return this.doubtOfNode(place, now) ?? own ?? this.unacknowledged(place) ?? this.unnamed(place);
  }

  private missedAsJudge({ node, isPod, fineAt }: Place): Doubt | null {
    if (isPod || !this.lookup.isMissedAsJudge(node)) return null;
    const message = `${node} does not judge whom it hides behind its address: NodePorts and load balancers through it are closed for Pods in full`;
    return { token: 'node_does_not_judge', message, since: fineAt, isSure: false };
  }

  private doubtOfNode(place: Place, now: number): Doubt | null {
    const { node } = place;
    if (this.lookup.isUnpaired(node)) {
      const message = `${node} is unpaired: nothing is enforced on it`;
      return { token: 'node_unpaired', message, since: now, isSure: true, inForce: null };
    }
    return this.agents.isDisconnected(node, now) ? this.silence(place) : null;
  }

  /** What was acknowledged once may be taken back, by an agent that lost what it had. */
  private unacknowledged({ node, fineAt, isPod }: Place): Doubt | null {
    const revision = isPod ? this.agents.revisionOf(node) : this.agents.revisionEverywhere(node);
    if (revision !== NOTHING_PROVEN && revision >= this.tellings.newest(node)) return null;
    const message = `${node} has not acknowledged what it was told`;
    const since = this.tellings.oldestUnacknowledged(node) ?? fineAt;
    return { token: 'not_acknowledged', message, since, isSure: false };
  }

  private unnamed({ id, node, isPod, fineAt }: Place): Doubt | null {
    if (!isPod || this.agents.hasPod(node, id)) return null;
    const [token, message] = this.lookup.hasSandbox(id)
      ? ['not_in_kernel', `${node} does not name it among the Pods whose rules are in its kernel`]
      : ['no_sandbox', `${node} has seen no sandbox of this Pod`];
    return { token, message, since: fineAt, isSure: false };
  }

  private silence({ node, fineAt }: Place): Doubt {
    const heardAt = this.agents.wordsOf(node)?.heardAt;
    const message =
      heardAt === undefined
        ? `no agent of ${node} has ever been heard`
        : `${node} has not been heard since ${new Date(heardAt).toISOString()}; its last rules stay in the kernel, nobody checks them`;
    return { token: 'node_silent', message, since: heardAt ?? fineAt, isSure: true };
  }
}

/** What an agent says of one place. `since` undefined: it does not say. */
interface Word {
  readonly token: string;
  readonly message: string;
  readonly since?: number;
  readonly inForce?: EnforcementMode | null;
}

function wordsByPlace(words: ReturnType<AgentBook['wordsOf']>): Map<string, Word> {
  const said = new Map<string, Word>();
  for (const { pod, token, message } of words?.failed ?? []) said.set(pod, { token, message });
  for (const { id, token, message, since, inForce } of words?.notInForce ?? [])
    said.set(id, { token, message, since: Date.parse(since), inForce });
  return said;
}

/** No clock of a node makes anything begin later than now. */
const sure = ({ token, message, since, inForce }: Word, now: number): Doubt => ({
  token,
  message,
  since: Math.min(since ?? now, now),
  isSure: true,
  ...(inForce === undefined ? {} : { inForce }),
});

/** It goes on for as long as it was told without a break, whatever the reason is by now. */
function toldOf(place: Place, asked: EnforcementMode, doubt: Doubt, now: number): PlaceNotInForce {
  const before = place.told === null ? now : Date.parse(place.told.since);
  const { id, workload, namespace, name, mode } = place;
  return {
    ...{ id, workload, namespace, name, asked },
    inForce: doubt.inForce === undefined ? mode : doubt.inForce,
    token: doubt.token,
    message: doubt.message.slice(0, LONGEST_MESSAGE),
    since: new Date(Math.min(before, doubt.since)).toISOString(),
  };
}
const LONGEST_MESSAGE = 500;

function countTokens(all: readonly PlaceNotInForce[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { token } of all) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}
