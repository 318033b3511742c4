/** One side of a rule in one scope, and whom it means: one plain predicate after the other, for the oracle in words.ts. */
import type { LabelSet, RuleActor, ScopeEntry } from '@ringfence/contracts';
import { isListed, listOf } from './spoken-numbers.js';
import type { World } from './world.js';

export interface SpokenSide {
  readonly actors: readonly RuleActor[];
  /** null: not narrowed. */
  readonly scope: readonly ScopeEntry[] | null;
  readonly labelsAreWorkloads: boolean;
  /** As peers workloads are the subnets of their interfaces. */
  readonly asSubnets: boolean;
  readonly mayNameHost: boolean;
  /** Of virtual services: workloads that are bound to them, and their addresses. */
  readonly bound: readonly string[];
  readonly cidrs: readonly string[];
}

/** Who enforces the sentence on its side, and whom the other side asks for; the same but for virtual services. */
export interface SpokenEnd {
  readonly at: SpokenSide;
  readonly peers: SpokenSide;
}

export const NOBODY: SpokenSide = {
  actors: [],
  scope: null,
  labelsAreWorkloads: false,
  asSubnets: false,
  mayNameHost: false,
  bound: [],
  cidrs: [],
};

/** Does the side mean everything that has these labels? */
export function meansByLabels(world: World, side: SpokenSide, labelSet: LabelSet): boolean {
  if (!side.labelsAreWorkloads || !isLeft(world, side, labelSet)) return false;
  if (side.actors.some((actor) => actor.kind === 'ams')) return true;
  const labelActors = side.actors.filter((actor) => actor.kind === 'label' || actor.kind === 'label_group');
  return labelActors.length > 0 && meetsAll(world, labelActors, labelSet);
}

/** Does the side name this workload, and do scope and exclusions leave it? */
export function meansByName(world: World, side: SpokenSide, workload: string, labelSet: LabelSet): boolean {
  if (side.bound.includes(workload) && isWorkload(labelSet)) return true;
  const isNamed = side.actors.some((actor) => actor.kind === 'workload' && actor.id === workload);
  return isNamed && isLeft(world, side, labelSet);
}

export function meansByAddress(world: World, side: SpokenSide, address: string): boolean {
  if (isListed(listOf(side.cidrs), address)) return true;
  return side.actors.some((actor) => {
    const list = actor.kind === 'ip_list' && world.objects.ip_lists.find((one) => one.id === actor.id);
    return list ? isListed(list, address) : false;
  });
}

/** The subnets of whom the side means, where it means subnets: of those outside of clusters. */
export function subnetsMeant(world: World, side: SpokenSide): string[] {
  if (!side.asSubnets) return [];
  return [...(world.subnets ?? [])].flatMap(([workload, subnets]) => {
    const home = world.labelSets.find(
      ({ labelSet }) => labelSet.id === world.workloads.get(workload),
    )?.labelSet;
    if (home?.class !== 'unmanaged') return [];
    return meansByLabels(world, side, home) || meansByName(world, side, workload, home) ? subnets : [];
  });
}

/** Is it meant by its addresses, and not by its subnets alone? */
export const isMeantByAddress = (side: SpokenSide, { class: kind }: LabelSet): boolean =>
  !side.asSubnets || kind !== 'unmanaged';

/** Where those of other clusters are whom the side means: where they come from, or where they are reached. */
export function addressesAbroad(world: World, side: SpokenSide, as: 'sources' | 'destinations'): string[] {
  return [...(world.seen ?? [])].flatMap(([workload, { addresses, isHidden }]) => {
    const home = world.labelSets.find(({ labelSet }) => labelSet.id === world.workloads.get(workload));
    if (home === undefined || (isHidden && as === 'destinations')) return [];
    const { cluster, class: kind } = home.labelSet;
    const isAbroad = cluster !== world.cluster && kind !== 'unmanaged';
    const isMeant =
      meansByLabels(world, side, home.labelSet) || meansByName(world, side, workload, home.labelSet);
    return isAbroad && isMeant ? addresses : [];
  });
}

export const meansOwnHost = (side: SpokenSide): boolean =>
  side.mayNameHost && side.actors.some((actor) => actor.kind === 'container_host');

/** In the scope, and not taken away by an exclusion. */
function isLeft(world: World, side: SpokenSide, labelSet: LabelSet): boolean {
  if (!isWorkload(labelSet)) return false;
  return meetsScope(world, side, labelSet);
}

const isWorkload = (labelSet: LabelSet): boolean =>
  ['pod', 'node', 'unmanaged', 'service'].includes(labelSet.class);

export function meetsScope(world: World, side: SpokenSide, labelSet: Labelled): boolean {
  const exclusions = side.actors.filter(
    (actor) => (actor.kind === 'label' || actor.kind === 'label_group') && actor.exclusion,
  );
  return meetsAll(world, side.scope ?? [], labelSet) && meetsAll(world, exclusions, labelSet);
}

type Entry = RuleActor | ScopeEntry;
type Labelled = Pick<LabelSet, 'labels'>;

/** Entries of one type are ORed, types are ANDed, "all except X" is "has one of the type, and it is not X". */
export function meetsAll(world: World, entries: readonly Entry[], labelSet: Labelled): boolean {
  const understood = entries.map((entry) => understand(world, entry));
  if (understood.some((entry) => entry === null)) return false;
  const keys = new Set(understood.map((entry) => entry!.key));
  return [...keys].every((key) => {
    const own = labelSet.labels.find((label) => keyOf(world, label) === key);
    if (own === undefined) return false;
    const ofKey = understood.filter((entry) => entry!.key === key);
    const asked = ofKey.filter((entry) => !entry!.exclusion);
    const isAsked = asked.length === 0 || asked.some((entry) => entry!.labels.includes(own));
    return isAsked && !ofKey.some((entry) => entry!.exclusion && entry!.labels.includes(own));
  });
}

/** null: it refers to something that is not there. */
function understand(
  world: World,
  entry: Entry,
): { key: string; labels: string[]; exclusion: boolean } | null {
  if (entry.kind === 'label') {
    const key = keyOf(world, entry.id);
    return key === undefined ? null : { key, labels: [entry.id], exclusion: entry.exclusion };
  }
  if (entry.kind !== 'label_group') throw new Error(`${entry.kind} has no labels`);
  const group = world.objects.label_groups.find((one) => one.id === entry.id);
  if (group === undefined) return null;
  return { key: group.key, labels: labelsIn(world, entry.id, []), exclusion: entry.exclusion };
}

function labelsIn(world: World, id: string, entered: readonly string[]): string[] {
  const group = world.objects.label_groups.find((one) => one.id === id);
  if (group === undefined || entered.includes(id)) return [];
  return [...group.labels, ...group.subGroups.flatMap((nested) => labelsIn(world, nested, [...entered, id]))];
}

const keyOf = (world: World, label: string): string | undefined =>
  world.catalogue.labels.find((one) => one.id === label)?.key;
