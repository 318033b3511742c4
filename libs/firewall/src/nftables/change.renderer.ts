/**
 * Two models → the one transaction that leads from the first to the second, and whether it must revoke.
 * Every change of policy also rotates the flow sets, so that one interval has one policy; whatever may take a right
 * away raises the generation in the same transaction, so that every live connection is judged again.
 */
import type { FirewallModel, PeerSet } from '../model/firewall.model.js';
import { hasTable, isDenial, isEnforced, nextGeneration } from '../model/firewall.model.js';
import { flowSetNames } from './flow-sets.js';
import { elementTexts, mapElement } from './nft-layout.js';
import type { ChainLayout, SetLayout, TableLayout } from './nft-layout.js';
import { renderRemoval, TABLE } from './own-table.js';
import { SharedMap } from './shared-map.js';
import { renderTable } from './table.renderer.js';
import { policyLayout, upkeepLayout } from './table-layout.js';
import type { PolicyLayout } from './table-layout.js';

export interface Change {
  /**
   * `whole`: the table is new, or gone, and its flow sets with it. `takeover`: all of it is new but its flow sets.
   * `rotation`: nothing but the writers of flows.
   */
  readonly kind: 'delta' | 'whole' | 'takeover' | 'rotation';
  readonly script: string;
  /** The generation was raised. */
  readonly bump: boolean;
  /** The generation wrapped: marks that old must be cleared from conntrack before the script runs. */
  readonly clearMarks: boolean;
  /** What is in the kernel once the script has run. */
  readonly model: FirewallModel;
}

/**
 * Generation and half of `desired` are ignored: they follow from `from`. The half that will be written next is flushed by
 * the script: whoever applies it must have read that half before.
 */
export function renderChange(from: FirewallModel | undefined, desired: FirewallModel): Change | 'nothing' {
  const wasThere = from !== undefined && hasTable(from);
  if (!hasTable(desired))
    return wasThere
      ? {
          kind: 'whole',
          script: renderRemoval(),
          bump: false,
          clearMarks: false,
          model: { ...desired, generation: from.generation },
        }
      : 'nothing';
  // What a removed table approved is still marked in conntrack.
  if (!wasThere || from.kind !== desired.kind || isEnforced(from) !== isEnforced(desired))
    return replacement(from, desired);
  const { commands, revokes: bump } = policyDelta(from, desired);
  if (commands.length === 0) return 'nothing';
  const generation = bump ? nextGeneration(from.generation) : from.generation;
  const model: FirewallModel = { ...desired, generation, half: from.half === 0 ? 1 : 0 };
  // The next change begins where this one ends; generation and half are no part of it.
  layouts.set(model, rememberedLayout(desired));
  return {
    kind: 'delta',
    script: script([...commands, ...upkeep(from, model)]),
    bump,
    clearMarks: generation < from.generation,
    model,
  };
}

/** Replaces whatever table is there. With the generation raised nothing that the old one approved is trusted. */
export function replacement(from: FirewallModel | undefined, desired: FirewallModel): Change {
  const generation = from === undefined ? desired.generation : nextGeneration(from.generation);
  const model = { ...desired, generation };
  return {
    kind: 'whole',
    script: renderTable(model),
    bump: from !== undefined,
    clearMarks: from !== undefined && generation < from.generation,
    model,
  };
}

/** Switches the writers to the other half, emptied first; the half of `model` can then be read at leisure. */
export function renderRotation(model: FirewallModel): Change {
  const next: FirewallModel = { ...model, half: model.half === 0 ? 1 : 0 };
  layouts.set(next, rememberedLayout(model));
  return {
    kind: 'rotation',
    script: script(upkeep(model, next)),
    bump: false,
    clearMarks: false,
    model: next,
  };
}

/** Empties flow sets that were read: whatever is in a flow set of a half that nobody writes was read by nobody. */
export function renderFlush(flowSets: readonly string[]): string {
  return script(flowSets.map(flushed));
}

const flushed = (set: string): string => `flush set ${TABLE} ${set}`;

interface PolicyDelta {
  readonly commands: readonly string[];
  readonly revokes: boolean;
}

/**
 * Namespaces of one policy share their models, so layouts and the way from one to the next are worked out once for all
 * of them. Pure all the same: the values are never changed.
 */
const layouts = new WeakMap<FirewallModel, PolicyLayout>();
const deltas = new WeakMap<PolicyLayout, WeakMap<PolicyLayout, PolicyDelta>>();

function rememberedLayout(model: FirewallModel, before?: PolicyLayout): PolicyLayout {
  const layout = layouts.get(model) ?? policyLayout(model, before);
  layouts.set(model, layout);
  return layout;
}

function policyDelta(from: FirewallModel, to: FirewallModel): PolicyDelta {
  const before = rememberedLayout(from);
  const after = rememberedLayout(to, before);
  const known = deltas.get(before)?.get(after);
  if (known !== undefined) return known;
  const commands = before === after ? [] : commandsBetween(before, after);
  const delta = { commands, revokes: commands.length > 0 && revokes(from, to) };
  deltas.set(before, (deltas.get(before) ?? new WeakMap<PolicyLayout, PolicyDelta>()).set(after, delta));
  return delta;
}

function upkeep(from: FirewallModel, to: FirewallModel): string[] {
  const emptied = isEnforced(to) ? flowSetNames(to.half).map(flushed) : [];
  return [...emptied, ...commandsBetween(upkeepLayout(from), upkeepLayout(to))];
}

/** Order: what is referred to first, removals last. */
function commandsBetween(from: TableLayout, to: TableLayout): string[] {
  const [addSets, dropSets] = setCommands(from, to);
  const [addChains, dropChains] = chainCommands(from, to);
  return [...addSets, ...addChains, ...dropChains, ...dropSets];
}

function script(commands: readonly string[]): string {
  return `${commands.join('\n')}\n`;
}

function setCommands(from: TableLayout, to: TableLayout): [string[], string[]] {
  const add: string[] = [];
  const drop: string[] = [];
  for (const [name, set] of to.sets) {
    const old = from.sets.get(name);
    if (old === undefined) {
      add.push(
        `add ${set.keyword} ${TABLE} ${name} { ${set.declaration} }`,
        ...elementCommands('add', name, elementTexts(set.elements)),
      );
    } else if (old.elements !== set.elements) add.push(...elementChange(name, old, set));
  }
  for (const [name, set] of from.sets)
    if (!to.sets.has(name)) drop.push(`delete ${set.keyword} ${TABLE} ${name}`);
  return [add, drop];
}

function elementChange(name: string, from: SetLayout, to: SetLayout): string[] {
  if (to.interval) {
    const elements = elementTexts(to.elements);
    if (sameLines(elementTexts(from.elements), elements)) return [];
    return [`flush ${to.keyword} ${TABLE} ${name}`, ...elementCommands('add', name, elements)];
  }
  if (from.elements instanceof SharedMap && to.elements instanceof SharedMap)
    return mapChange(name, from.elements, to.elements);
  const [before, after] = [elementTexts(from.elements), elementTexts(to.elements)];
  return [
    ...elementCommands('delete', name, missingFrom(after, before)),
    ...elementCommands('add', name, missingFrom(before, after)),
  ];
}

/** Data never change in place: an element goes and comes. */
function mapChange(name: string, from: SharedMap, to: SharedMap): string[] {
  const gone = [...from.missingFrom(to)].map(([key]) => key);
  const come = [...to.missingFrom(from)].map(mapElement);
  return [...elementCommands('delete', name, gone), ...elementCommands('add', name, come)];
}

function elementCommands(verb: 'add' | 'delete', set: string, elements: readonly string[]): string[] {
  return elements.length === 0 ? [] : [`${verb} element ${TABLE} ${set} { ${elements.join(', ')} }`];
}

function chainCommands(from: TableLayout, to: TableLayout): [string[], string[]] {
  const add: string[] = [];
  const fill: string[] = [];
  const drop: string[] = [];
  for (const [name, chain] of to.chains) {
    const old = from.chains.get(name);
    if (old === undefined)
      add.push(`add chain ${TABLE} ${name}${chain.hook === undefined ? '' : ` { ${chain.hook} }`}`);
    else if (sameChain(old, chain)) continue;
    else add.push(`flush chain ${TABLE} ${name}`);
    fill.push(...chain.rules.map((rule) => `add rule ${TABLE} ${name} ${rule}`));
  }
  for (const name of from.chains.keys()) {
    if (to.chains.has(name)) continue;
    add.push(`flush chain ${TABLE} ${name}`);
    drop.push(`delete chain ${TABLE} ${name}`);
  }
  return [[...add, ...fill], drop];
}

function sameChain(a: ChainLayout, b: ChainLayout): boolean {
  return a.hook === b.hook && sameLines(a.rules, b.rules);
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}

function missingFrom(set: ReadonlySet<string> | readonly string[], elements: Iterable<string>): string[] {
  const present = set instanceof Set ? set : new Set(set);
  return [...elements].filter((element) => !present.has(element));
}

/**
 * Conservative: everything revokes but peers added to allow rules only, and peers taken from deny rules only. A bump too
 * many costs one evaluation per live connection; one too few leaves a forbidden connection alive.
 */
function revokes(from: FirewallModel, to: FirewallModel): boolean {
  if (from.mode !== to.mode || shape(from) !== shape(to)) return true;
  const denied = deniedGroups(to);
  for (const [group, peers] of to.peers) {
    const old = from.peers.get(group);
    if (old === undefined || old === peers) continue;
    const { added, removed } = peerDifference(old, peers);
    if (denied.has(group) ? added || (removed && isAllowed(to, group)) : removed) return true;
  }
  return false;
}

function shape(model: FirewallModel): string {
  const rules = [model.ingress, model.egress].map(({ segments, anyProtocol }) => [
    segments.map(({ proto, from, to, rules: own }) => [
      proto,
      from,
      to,
      own.map((rule) => [isDenial(rule.class), rule.peers]),
    ]),
    anyProtocol.map((rule) => [isDenial(rule.class), rule.peers]),
  ]);
  return JSON.stringify([rules, model.judging]);
}

function groupsBy(model: FirewallModel, isDenied: boolean): Set<string> {
  const rules = [model.ingress, model.egress].flatMap(({ segments, anyProtocol }) => [
    ...segments.flatMap((each) => each.rules),
    ...anyProtocol,
  ]);
  return new Set(rules.filter((rule) => isDenial(rule.class) === isDenied).flatMap((rule) => rule.peers));
}

/** What came from a node counted as its own until it was known to judge: those groups deny and allow. */
function deniedGroups(model: FirewallModel): Set<string> {
  return new Set([...groupsBy(model, true), ...model.judging]);
}

function isAllowed(model: FirewallModel, group: string): boolean {
  return model.judging.includes(group) || groupsBy(model, false).has(group);
}

function peerDifference(from: PeerSet, to: PeerSet): { added: boolean; removed: boolean } {
  const pairs = [
    [from.hosts4, to.hosts4],
    [from.hosts6, to.hosts6],
    [new Set(from.cidrs4), new Set(to.cidrs4)],
    [new Set(from.cidrs6), new Set(to.cidrs6)],
  ] as const;
  return {
    added: pairs.some(([old, next]) => missingFrom(old, next).length > 0),
    removed: pairs.some(([old, next]) => missingFrom(next, old).length > 0),
  };
}
