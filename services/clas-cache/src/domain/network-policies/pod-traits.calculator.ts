/**
 * NetworkPolicies, namespaces and the Kubernetes labels of Pods → what the policies see in each Pod (its traits): which of them select
 * it, which of their peers it is, and where the ports are that they ask for by name. Pods of one namespace with the same labels and
 * ports are one kind, and looked at once.
 *
 *   policies ──▶ asked: peers, names of ports ──┐
 *   namespaces ─────────────────────────────────┼──▶ kinds of Pods ──▶ traits
 *   Pods ──▶ kinds ─────────────────────────────┘
 */
import { matchesLabels } from '@ringfence/cluster-facts';
import type { Labels } from '@ringfence/cluster-facts';
import type { NetworkPolicyForm, PodObserved } from '@ringfence/contracts';
import { sha256Hex } from '@ringfence/labels';
import { Counter } from '../counter.js';
import { ListedObjects } from '../listed-objects.js';
import { peerId, questionsOf, portKey, portNamesOf } from './asked.js';
import type { PodQuestion } from './asked.js';

export interface SeenPod {
  readonly namespace: string;
  readonly labels: Labels;
  readonly namedPorts: PodObserved['namedPorts'];
}
export interface Traits {
  /** Equal for equal traits; empty: no policy sees anything in the Pod. */
  readonly key: string;
  /** Uids of the policies that select it, sorted. */
  readonly policies: readonly string[];
  /** Ids of the peers that it is. */
  readonly peers: ReadonlySet<string>;
  /** By `portKey`, of the names that are asked for: sorted numbers. */
  readonly ports: ReadonlyMap<string, readonly number[]>;
  /** Equal where the same policies add the same rules. */
  readonly rules: string;
}
const NO_TRAITS: Traits = { key: '', policies: [], peers: new Set(), ports: new Map(), rules: '' };

export interface SettledTraits {
  /** Pods whose traits may be others since the last time. */
  readonly pods: ReadonlySet<string>;
  /** Policies that say something else, or are new or gone. */
  readonly policies: ReadonlySet<string>;
  /** Names of ports that stand for other numbers. */
  readonly names: ReadonlySet<string>;
  /** Whether a namespace has its first policy, or lost its last. */
  readonly isolating: boolean;
}

interface Kind extends SeenPod {
  readonly pods: Set<string>;
  readonly policies: Set<string>;
  readonly peers: Set<string>;
  traits: Traits;
}
/** Namespaces that match, or one by its name, and which Pods are asked for there, by the ids of the questions. */
interface Place {
  readonly namespaces: PodQuestion['namespaces'];
  readonly questions: Map<string, PodQuestion>;
}
interface Asked {
  readonly question: PodQuestion;
  users: number;
}

export class PodTraits {
  readonly policies = new ListedObjects<NetworkPolicyForm>();
  readonly namespaces = new ListedObjects<{ readonly name: string; readonly labels: Labels }>();
  /** Uids of the policies that could not be read. */
  readonly refused = new Set<string>();
  private readonly labelsOf = new Map<string, Labels>();
  private readonly asked = new Map<string, Asked>();
  /** By where they are asked: few places, many questions. */
  private readonly places = new Map<string, Place>();
  private readonly widePlaces = new Map<string, Place>();
  private readonly names = new Counter<string>();
  private readonly kinds = new Map<string, Kind>();
  private readonly kindsIn = new Map<string, Set<Kind>>();
  private readonly kindOf = new Map<string, Kind>();
  private readonly policiesIn = new Map<string, Map<string, NetworkPolicyForm>>();
  private readonly dirty = new Set<Kind>();
  private readonly moved = new Set<string>();
  /** How many kinds of Pods have a number under a name. */
  private readonly numbers = new Map<string, Counter<number>>();
  private readonly changedPolicies = new Set<string>();
  private readonly changedNames = new Set<string>();
  private hasIsolatingChanged = false;

  // ---- what there is

  setPolicy(uid: string, epoch: string, form: NetworkPolicyForm): void {
    const before = this.policies.get(uid);
    this.policies.set(uid, epoch, form);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(form)) return;
    if (before !== undefined) this.drop(uid, before);
    this.take(uid, form);
  }

  removePolicy(uid: string): void {
    const before = this.policies.get(uid);
    if (before === undefined) return;
    this.policies.remove(uid);
    this.drop(uid, before);
  }

  completePolicies(epoch: string): void {
    const before = new Map([...this.policies.entries()].map(([uid, { value }]) => [uid, value]));
    for (const uid of this.policies.complete(epoch)) this.drop(uid, before.get(uid)!);
  }

  setNamespace(
    uid: string,
    epoch: string,
    namespace: { readonly name: string; readonly labels: Labels },
  ): void {
    this.namespaces.set(uid, epoch, namespace);
    this.relabel(namespace.name, namespace.labels);
  }

  removeNamespace(uid: string): void {
    const before = this.namespaces.get(uid);
    this.namespaces.remove(uid);
    if (before !== undefined) this.namespaceGone(before.name);
  }

  completeNamespaces(epoch: string): void {
    const before = new Map([...this.namespaces.entries()].map(([uid, { value }]) => [uid, value.name]));
    for (const uid of this.namespaces.complete(epoch)) this.namespaceGone(before.get(uid)!);
  }

  /** null: it is none that policies speak of (any more). */
  setPod(uid: string, pod: SeenPod | null): void {
    const kind = pod === null ? undefined : this.kind(pod);
    const before = this.kindOf.get(uid);
    if (kind === before) return;
    if (before !== undefined) this.leave(uid, before);
    this.moved.add(uid);
    if (kind === undefined) return;
    this.kindOf.set(uid, kind);
    kind.pods.add(uid);
  }

  // ---- what follows

  isIsolating(namespace: string): boolean {
    return this.policiesIn.has(namespace);
  }

  of(uid: string): Traits {
    return this.kindOf.get(uid)?.traits ?? NO_TRAITS;
  }

  /** Every number that any Pod has under the name, sorted. */
  numbersOf(name: string): number[] {
    return [...(this.numbers.get(name)?.keys() ?? [])].sort((a, b) => a - b);
  }

  settle(): SettledTraits {
    for (const kind of this.dirty) {
      const traits = this.traitsOf(kind);
      if (traits.key === kind.traits.key) continue;
      kind.traits = traits;
      for (const uid of kind.pods) this.moved.add(uid);
    }
    const settled = {
      pods: new Set(this.moved),
      policies: new Set(this.changedPolicies),
      names: new Set(this.changedNames),
      isolating: this.hasIsolatingChanged,
    };
    this.dirty.clear();
    this.moved.clear();
    this.changedPolicies.clear();
    this.changedNames.clear();
    this.hasIsolatingChanged = false;
    return settled;
  }

  private take(uid: string, form: NetworkPolicyForm): void {
    this.changedPolicies.add(uid);
    if (form.refused !== undefined) this.refused.add(uid);
    const inNamespace = this.policiesIn.get(form.namespace) ?? new Map<string, NetworkPolicyForm>();
    if (inNamespace.size === 0) this.hasIsolatingChanged = true;
    this.policiesIn.set(form.namespace, inNamespace.set(uid, form));
    for (const kind of this.kindsIn.get(form.namespace) ?? [])
      if (matchesLabels(form.pods, kind.labels)) this.gain(kind, kind.policies, uid);
    for (const question of questionsOf(form)) this.ask(question);
    for (const name of portNamesOf(form)) if (this.names.add(name, 1) === 1) this.nameChanged(name);
  }

  private drop(uid: string, form: NetworkPolicyForm): void {
    this.changedPolicies.add(uid);
    this.refused.delete(uid);
    const inNamespace = this.policiesIn.get(form.namespace);
    inNamespace?.delete(uid);
    if (inNamespace?.size === 0) {
      this.policiesIn.delete(form.namespace);
      this.hasIsolatingChanged = true;
    }
    for (const kind of this.kindsIn.get(form.namespace) ?? [])
      if (kind.policies.delete(uid)) this.dirty.add(kind);
    for (const question of questionsOf(form)) this.askNoMore(question);
    for (const name of portNamesOf(form)) if (this.names.add(name, -1) === 0) this.nameChanged(name);
  }

  private ask(question: PodQuestion): void {
    const id = peerId(question);
    const known = this.asked.get(id);
    if (known !== undefined) {
      known.users += 1;
      return;
    }
    this.asked.set(id, { question, users: 1 });
    this.place(question).questions.set(id, question);
    for (const kind of this.kindsFor(question))
      if (this.isMeant(question, kind)) this.gain(kind, kind.peers, id);
  }

  private askNoMore(question: PodQuestion): void {
    const id = peerId(question);
    const known = this.asked.get(id)!;
    known.users -= 1;
    if (known.users > 0) return;
    this.asked.delete(id);
    const place = this.place(question);
    place.questions.delete(id);
    if (place.questions.size === 0)
      this.placesLike(question.namespaces).delete(placeKey(question.namespaces));
    for (const kind of this.kindsFor(question)) if (kind.peers.delete(id)) this.dirty.add(kind);
  }

  private gain(kind: Kind, ids: Set<string>, id: string): void {
    ids.add(id);
    this.dirty.add(kind);
  }

  private kindsFor({ namespaces }: PodQuestion): Iterable<Kind> {
    return typeof namespaces === 'string' ? (this.kindsIn.get(namespaces) ?? []) : this.kinds.values();
  }

  private isMeant({ namespaces, pods }: PodQuestion, { namespace, labels }: SeenPod): boolean {
    return this.isThere(namespaces, namespace) && matchesLabels(pods, labels);
  }

  private isThere(namespaces: PodQuestion['namespaces'], namespace: string): boolean {
    return typeof namespaces === 'string'
      ? namespaces === namespace
      : matchesLabels(namespaces, this.labelsOf.get(namespace) ?? {});
  }

  private place({ namespaces }: PodQuestion): Place {
    const places = this.placesLike(namespaces);
    const key = placeKey(namespaces);
    const place = places.get(key) ?? { namespaces, questions: new Map<string, PodQuestion>() };
    places.set(key, place);
    return place;
  }

  private placesLike(namespaces: PodQuestion['namespaces']): Map<string, Place> {
    return typeof namespaces === 'string' ? this.places : this.widePlaces;
  }

  private *placesOf(namespace: string): Generator<Place> {
    const own = this.places.get(placeKey(namespace));
    if (own !== undefined) yield own;
    for (const place of this.widePlaces.values()) if (this.isThere(place.namespaces, namespace)) yield place;
  }

  private nameChanged(name: string): void {
    for (const kind of this.kinds.values())
      if (kind.namedPorts.some((port) => portKey(port) === name)) this.dirty.add(kind);
  }

  private relabel(name: string, labels: Labels): void {
    if (JSON.stringify(this.labelsOf.get(name)) === JSON.stringify(labels)) return;
    this.labelsOf.set(name, labels);
    for (const kind of this.kindsIn.get(name) ?? []) {
      kind.peers.clear();
      this.meet(kind);
    }
  }

  /** One of the same name may have come before this one was seen to go. */
  private namespaceGone(name: string): void {
    const other = [...this.namespaces.values()].findLast((each) => each.name === name);
    if (other !== undefined) return this.relabel(name, other.labels);
    this.relabel(name, {});
    this.labelsOf.delete(name);
  }

  private kind(pod: SeenPod): Kind {
    const { namespace } = pod;
    const key = JSON.stringify([namespace, sorted(pod.labels), pod.namedPorts]);
    const known = this.kinds.get(key);
    if (known !== undefined) return known;
    const { labels, namedPorts } = pod;
    const kind: Kind = {
      ...{ namespace, labels, namedPorts },
      ...{ pods: new Set(), policies: new Set(), peers: new Set(), traits: NO_TRAITS },
    };
    this.kinds.set(key, kind);
    this.kindsIn.set(namespace, (this.kindsIn.get(namespace) ?? new Set()).add(kind));
    for (const [uid, form] of this.policiesIn.get(namespace) ?? [])
      if (matchesLabels(form.pods, labels)) kind.policies.add(uid);
    this.meet(kind);
    this.countNumbers(kind, 1);
    return kind;
  }

  private meet(kind: Kind): void {
    for (const { questions } of this.placesOf(kind.namespace))
      for (const [id, { pods }] of questions) if (matchesLabels(pods, kind.labels)) kind.peers.add(id);
    this.dirty.add(kind);
  }

  private leave(uid: string, kind: Kind): void {
    this.kindOf.delete(uid);
    kind.pods.delete(uid);
    if (kind.pods.size > 0) return;
    this.kinds.delete(JSON.stringify([kind.namespace, sorted(kind.labels), kind.namedPorts]));
    const others = this.kindsIn.get(kind.namespace);
    others?.delete(kind);
    if (others?.size === 0) this.kindsIn.delete(kind.namespace);
    this.dirty.delete(kind);
    this.countNumbers(kind, -1);
  }

  private countNumbers({ namedPorts }: Kind, by: 1 | -1): void {
    for (const named of namedPorts) {
      const name = portKey(named);
      const numbers = this.numbers.get(name) ?? new Counter<number>();
      this.numbers.set(name, numbers);
      const count = numbers.add(named.port, by);
      if (count === (by === 1 ? 1 : 0)) this.changedNames.add(name);
      if (numbers.size === 0) this.numbers.delete(name);
    }
  }

  private traitsOf({ policies, peers, namedPorts }: Kind): Traits {
    const ports = new Map<string, number[]>();
    for (const port of namedPorts) {
      const name = portKey(port);
      if (this.names.has(name)) ports.set(name, [...new Set([...(ports.get(name) ?? []), port.port])]);
    }
    // Where nobody is selected and nobody meant, no name of a port matters either.
    if (policies.size + peers.size === 0) return NO_TRAITS;
    const numbers = [...ports].map(([name, all]) => [name, all.sort((a, b) => a - b)] as const);
    const selected = [...policies].sort();
    const text = JSON.stringify([selected, [...peers].sort(), numbers.sort(([a], [b]) => (a < b ? -1 : 1))]);
    return {
      ...{ key: sha256Hex(text, 20), policies: selected, peers: new Set(peers), ports: new Map(numbers) },
      rules: JSON.stringify([selected, numbers]),
    };
  }
}

const placeKey = (namespaces: PodQuestion['namespaces']): string => JSON.stringify(namespaces);

const sorted = (labels: Labels): [string, string][] =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
