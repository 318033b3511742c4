/** One change more in a world that stands. What came goes, and each change undone is a change too: a run leaves the world as it found it. */
import type { Endpoint, LabelSet, PolicyObjects, RuleSet } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { distribution, ms, processorMilliseconds } from '../measure.js';
import type { Figure } from '../measure.js';
import { messagesOf } from './compute.js';
import type { Computed, Told } from './compute.js';
import { CLUSTER } from './shape.js';
import type { Shape } from './shape.js';

const TIMES = 400;
const NOTHING_ELSE = {
  ...{ version: 1, services: [], label_groups: [], enforcement_boundaries: [] },
  ...{ virtual_services: [], service_bindings: [] },
};

interface Change {
  readonly what: string;
  /** How often; a provision looks at every object. */
  readonly times?: number;
  /** What is told of it. `isBack`: every second time the change before is undone. */
  make(i: number, isBack: boolean): Told;
}

export function changesOf(computed: Computed, shape: Shape, fromZeroMs: number): Figure[] {
  return [
    ...podChanges(computed, shape),
    namespaceChange(computed, shape),
    ...ruleChanges(computed, shape),
  ].map((change) => figureOf(change, fromZeroMs));
}

function figureOf({ what, times = TIMES, make }: Change, fromZeroMs: number): Figure {
  let told: Told = {};
  let [median, p99] = [0, 0];
  const processor = processorMilliseconds(
    () => ({ median, p99 } = distribution(times, (i) => (told = make(i, i % 2 === 1)))),
  );
  const { count, bytes } = messagesOf(told);
  const ratio = Math.round(fromZeroMs / median).toLocaleString('en');
  const time = `${ms(median)} (p99 ${ms(p99)}; ${ms(processor / times)} of processors), ${ratio} × less than from zero`;
  return { what, value: `${time}; ${count} messages, ${bytes} bytes` };
}

/** Pods come, are relabelled and go one by one: no policy is computed for it, only who is in which group. */
function podChanges({ members }: Computed, { endpoints, labelSets }: Shape): Change[] {
  const one = endpoints[7]!;
  const other = labelSets.find(({ id }) => id !== one.labelSet) ?? relabelled(labelSets[0]!, labelSets[0]!);
  const come = Array.from({ length: TIMES }, (_, i): Endpoint => ({
    ...one,
    id: `one-more-${i}`,
    addresses: [`198.18.${i >> 8}.${i & 255}`],
  }));
  const moved = come.map((endpoint): Endpoint => ({ ...endpoint, labelSet: other.id }));
  const told = (endpoint: Endpoint): Told => {
    members.upsertEndpoint(endpoint);
    members.takeChanges();
    return { endpoints: [endpoint] };
  };
  return [
    { what: 'a Pod of a known label set came', make: (i) => told(come[i]!) },
    { what: 'a Pod relabelled', make: (i) => told(moved[i]!) },
    {
      what: 'a Pod went',
      make: (i) => {
        members.removeEndpoint(come[i]!.id);
        members.takeChanges();
        return { gone: 1 };
      },
    },
  ];
}

/**
 * All of its label sets become others, with the label of another namespace in place of one of theirs, and its Pods with them. One namespace after
 * the other: the same one again and again would leave what it was under in maps that are looked through, as nothing in a cluster does.
 */
function namespaceChange({ calculator, members }: Computed, shape: Shape): Change {
  const namespaces = relabelledNamespaces(shape);
  const { pods, before } = namespaces[0]!;
  return {
    what: `a namespace relabelled (${pods.length} Pods of ${before.length} label sets)`,
    times: timesOf(pods.length),
    make: (i, isBack) => {
      const one = namespaces[Math.floor(i / 2) % namespaces.length]!;
      const [gone, come] = isBack ? [one.after, one.before] : [one.before, one.after];
      const endpoints = isBack ? one.pods : one.moved;
      for (const { id } of gone) calculator.removeLabelSet(id);
      for (const labelSet of come) calculator.setLabelSet(labelSet, 'full');
      const flushed = calculator.flush(CLUSTER);
      for (const group of flushed.groups.upsert) members.upsertGroup(group);
      for (const endpoint of endpoints) members.upsertEndpoint(endpoint);
      for (const id of flushed.groups.remove) members.removeGroup(id);
      members.takeChanges();
      return { flushed, endpoints };
    },
  };
}

/** Enough for code to be compiled where little is moved, and no more than some 100,000 Pods where much is. */
const timesOf = (pods: number): number => Math.min(2_000, Math.max(20, Math.round(100_000 / pods)));

interface RelabelledNamespace {
  readonly before: LabelSet[];
  readonly after: LabelSet[];
  readonly pods: Endpoint[];
  readonly moved: Endpoint[];
}

/** Of the first of them, as many as are needed. */
function relabelledNamespaces({ labelSets, endpoints }: Shape): RelabelledNamespace[] {
  const [others, podsOf] = [grouped(labelSets, namespaceOf), grouped(endpoints, ({ labelSet }) => labelSet)];
  const all = [...others.values()];
  const podsIn = (namespace: readonly LabelSet[]): Endpoint[] =>
    namespace.flatMap(({ id }) => podsOf.get(id) ?? []);
  return all.slice(0, timesOf(podsIn(all[0]!).length) / 2).map((before, i) => {
    const stranger = all[(i + 1) % all.length]![0]!;
    const after = before.map((labelSet) => relabelled(labelSet, stranger));
    const renamed = new Map(before.map(({ id }, k) => [id, after[k]!.id]));
    const pods = podsIn(before);
    const moved = pods.map((pod) => ({ ...pod, labelSet: renamed.get(pod.labelSet)! }));
    return { before, after, pods, moved };
  });
}

const namespaceOf = ({ namespace }: LabelSet): string => namespace ?? '';

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

function relabelled({ namespace, labels }: LabelSet, stranger: LabelSet): LabelSet {
  const last = stranger.labels.at(-1)!;
  const kept = labels.slice(0, -1);
  return makeLabelSet({ cluster: CLUSTER, namespace, class: 'pod', labels: [...kept, last, '999999999'] });
}

function ruleChanges({ calculator }: Computed, { ruleSets, ipLists }: Shape): Change[] {
  const [first, ...others] = ruleSets as [RuleSet, ...RuleSet[]];
  const rule = first.rules.at(-1)!;
  const services = [{ kind: 'ports', ports: { proto: 6, from: 9999 } }] as const;
  const changed: RuleSet = {
    ...first,
    rules: [...first.rules.slice(0, -1), { ...rule, services: [...services] }],
  };
  const provisioned = (one: RuleSet): PolicyObjects => ({
    ...NOTHING_ELSE,
    ip_lists: [...ipLists],
    rule_sets: [one, ...others],
  });
  const versions = [provisioned(first), provisioned(changed)] as const;
  return [
    {
      what: 'a rule changed',
      make: (_, isBack) => {
        calculator.setObject('rule_sets', isBack ? first : changed);
        return { flushed: calculator.flush(CLUSTER) };
      },
    },
    {
      what: 'a version provisioned in which that rule changed',
      times: 20,
      make: (_, isBack) => {
        calculator.setObjects(versions[isBack ? 0 : 1]);
        return { flushed: calculator.flush(CLUSTER) };
      },
    },
  ];
}
