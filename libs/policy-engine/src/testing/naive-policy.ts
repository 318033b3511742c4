/** The policy of a world from scratch, with groups written out: what the incremental engine must agree with. */
import type {
  EnforcementMode,
  Endpoint,
  LabelSetId,
  RuleClass,
  Unit,
  Verdict,
  WireRule,
} from '@ringfence/contracts';
import type { Packet } from '../ports.js';
import { addressesOf, areSpokenOf, isListed, listOf, portsInWords } from './spoken-numbers.js';
import {
  addressesAbroad,
  isMeantByAddress,
  subnetsMeant,
  meansByAddress,
  meansByLabels,
  meansByName,
  meansOwnHost,
} from './spoken-side.js';
import type { SpokenSide } from './spoken-side.js';
import { sentencesOf } from './words.js';
import type { Sentence } from './words.js';
import { hostAddressesOf } from './world.js';
import type { EnforcedPolicy, World } from './world.js';

/** A wire rule with its groups replaced by what is in them. */
export interface PlainRule {
  readonly ref: string;
  readonly class: RuleClass;
  /** In words that are the same for the same ports, as the addresses. */
  readonly ports: string[];
  readonly onlyWorkloads: string[] | null;
  readonly labelSets: string[];
  readonly workloads: string[];
  readonly addresses: string[];
  readonly ownHost: boolean;
}
export interface PlainUnit {
  readonly mode: EnforcementMode;
  readonly ingress: PlainRule[];
  readonly egress: PlainRule[];
}

export function naivePolicy(world: World): Map<LabelSetId, PlainUnit> {
  const sentences = sentencesOf(world).filter((sentence) => sentence.ports.length > 0);
  const units = new Map<LabelSetId, PlainUnit>();
  for (const { labelSet, mode } of world.labelSets) {
    if (labelSet.cluster !== world.cluster || (labelSet.class !== 'pod' && labelSet.class !== 'node'))
      continue;
    const side = (at: 'provider' | 'consumer', peers: 'provider' | 'consumer'): PlainRule[] =>
      effective(
        sentences.flatMap((sentence) =>
          plainRules(world, sentence, [sentence[at].at, sentence[peers].peers, WAY[peers]], labelSet.id),
        ),
      );
    units.set(labelSet.id, {
      mode,
      ingress: side('provider', 'consumer'),
      egress: side('consumer', 'provider'),
    });
  }
  return units;
}

/** Consumers are looked for where they come from, providers where they are reached. */
const WAY = { consumer: 'sources', provider: 'destinations' } as const;

function plainRules(
  world: World,
  sentence: Sentence,
  [at, peers, as]: readonly [SpokenSide, SpokenSide, 'sources' | 'destinations'],
  id: LabelSetId,
): PlainRule[] {
  const { labelSet } = world.labelSets.find((one) => one.labelSet.id === id)!;
  const named = [...world.workloads]
    .filter(([workload, its]) => its === id && meansByName(world, at, workload, labelSet))
    .map(([workload]) => workload);
  const isWhole = meansByLabels(world, at, labelSet);
  if (!isWhole && named.length === 0) return [];
  return [
    {
      ref: sentence.ref,
      class: sentence.class,
      ports: portsInWords(sentence.ports),
      onlyWorkloads: isWhole ? null : named.sort(),
      ...membersOfSide(world, peers, as),
    },
  ];
}

function membersOfSide(
  world: World,
  side: SpokenSide,
  as: 'sources' | 'destinations',
): Pick<PlainRule, 'labelSets' | 'workloads' | 'addresses' | 'ownHost'> {
  const here = world.labelSets.filter(
    ({ labelSet }) => labelSet.cluster === world.cluster || labelSet.class === 'unmanaged',
  );
  const lists = side.actors.flatMap((actor) =>
    actor.kind === 'ip_list' ? world.objects.ip_lists.filter((list) => list.id === actor.id) : [],
  );
  return {
    labelSets: here
      .filter(({ labelSet }) => isMeantByAddress(side, labelSet) && meansByLabels(world, side, labelSet))
      .map(({ labelSet }) => labelSet.id)
      .sort(),
    workloads: [...world.workloads]
      .filter(([workload, id]) => {
        const known = here.find(({ labelSet }) => labelSet.id === id);
        if (known === undefined || !isMeantByAddress(side, known.labelSet)) return false;
        return meansByName(world, side, workload, known.labelSet);
      })
      .map(([workload]) => workload)
      .sort(),
    addresses: addressesOf([
      listOf(side.cidrs),
      listOf(addressesAbroad(world, side, as)),
      listOf(subnetsMeant(world, side)),
      ...lists,
    ]),
    ownHost: meansOwnHost(side),
  };
}

/** Without rules that reach nobody, and each rule once for each thing that it says; in which order it says them is nothing. */
function effective(rules: readonly PlainRule[]): PlainRule[] {
  const reaching = rules.filter(
    ({ labelSets, workloads, addresses, ownHost }) =>
      labelSets.length + workloads.length + addresses.length > 0 || ownHost,
  );
  const refs = [...new Set(reaching.map(({ ref }) => ref))];
  return refs.flatMap((ref) => {
    const said = reaching
      .filter((rule) => rule.ref === ref)
      .flatMap(ofEachWorkload)
      .map((rule) => JSON.stringify(rule));
    return [...new Set(said)].sort().map((text) => JSON.parse(text) as PlainRule);
  });
}

const ofEachWorkload = (rule: PlainRule): PlainRule[] =>
  rule.onlyWorkloads?.map((workload) => ({ ...rule, onlyWorkloads: [workload] })) ?? [rule];

/** The engine's answer in the same words. */
export function plainPolicy(told: EnforcedPolicy): Map<LabelSetId, PlainUnit> {
  const plain = (rule: WireRule): PlainRule => {
    const groups = rule.peers.map((peer) => {
      const group = told.groups.get(peer);
      if (group === undefined) throw new Error(`${rule.ref} refers to ${peer}, which nobody was told of`);
      return group;
    });
    return {
      ref: rule.ref,
      class: rule.class,
      ports: portsInWords(rule.ports),
      onlyWorkloads: rule.onlyWorkloads ?? null,
      labelSets: [...new Set(groups.flatMap((group) => group.labelSets))].sort(),
      workloads: [...new Set(groups.flatMap((group) => group.workloads))].sort(),
      addresses: addressesOf([listOf(groups.flatMap((group) => group.cidrs))]),
      ownHost: groups.some((group) => group.ownHost),
    };
  };
  const unit = ({ mode, ingress, egress }: Unit): PlainUnit => ({
    mode,
    ingress: effective(ingress.map(plain)),
    egress: effective(egress.map(plain)),
  });
  return new Map([...told.units].map(([id, one]) => [id, unit(one)]));
}

export interface SpokenVerdict {
  readonly decision: 'allow' | 'deny' | 'none';
  readonly ref: string | null;
  readonly verdict: Verdict;
}

/** What the words say about one packet at one end of it; the end must be a Pod or a node. */
export function verdictByWords(
  world: World,
  end: Endpoint,
  direction: 'ingress' | 'egress',
  packet: Packet,
): SpokenVerdict {
  const [at, peers] =
    direction === 'ingress' ? (['provider', 'consumer'] as const) : (['consumer', 'provider'] as const);
  const known = world.labelSets.find(({ labelSet }) => labelSet.id === end.labelSet)!;
  const spoken = sentencesIn(world).find(
    (sentence) =>
      isMeant(world, sentence[at].at, end) &&
      (isPeer(world, sentence[peers].peers, packet.peer, hostAddressesOf(world, end)) ||
        addressesAbroad(world, sentence[peers].peers, WAY[peers]).includes(packet.peer)) &&
      areSpokenOf(sentence.ports, packet),
  );
  const decision = spoken === undefined ? 'none' : spoken.class === 'allow' ? 'allow' : 'deny';
  return { decision, ref: spoken?.ref ?? null, verdict: spokenVerdict(decision, end.mode ?? known.mode) };
}

/** A world never changes. */
const saidOf = new WeakMap<World, readonly Sentence[]>();
function sentencesIn(world: World): readonly Sentence[] {
  const said = saidOf.get(world) ?? sentencesOf(world);
  saidOf.set(world, said);
  return said;
}

function isMeant(world: World, side: SpokenSide, endpoint: Endpoint): boolean {
  const known = world.labelSets.find(({ labelSet }) => labelSet.id === endpoint.labelSet);
  if (known === undefined) return false;
  if (meansByLabels(world, side, known.labelSet)) return true;
  return endpoint.workload !== null && meansByName(world, side, endpoint.workload, known.labelSet);
}

function isPeer(world: World, side: SpokenSide, address: string, host: ReadonlySet<string>): boolean {
  if (meansByAddress(world, side, address)) return true;
  if (meansOwnHost(side) && host.has(address)) return true;
  const owner = world.endpoints.find((endpoint) => endpoint.addresses.includes(address));
  const its = world.labelSets.find(({ labelSet }) => labelSet.id === owner?.labelSet)?.labelSet;
  if (isListed(listOf(subnetsMeant(world, side)), address)) return true;
  return (
    owner !== undefined && its !== undefined && isMeantByAddress(side, its) && isMeant(world, side, owner)
  );
}

function spokenVerdict(decision: SpokenVerdict['decision'], mode: EnforcementMode): Verdict {
  switch (mode) {
    case 'idle':
      return 'unknown';
    case 'visibility_only':
      return decision === 'allow' ? 'allowed' : 'potentially_blocked';
    case 'selective':
      return decision === 'allow' ? 'allowed' : decision === 'deny' ? 'blocked' : 'potentially_blocked';
    case 'full':
      return decision === 'allow' ? 'allowed' : 'blocked';
  }
}
