/**
 * A change → one transaction of nft text. Whatever transaction led there, the table is the one that the model would be loaded as
 * whole.
 */
import { policyOf } from '../model/change.js';
import type { Change } from '../model/change.js';
import type { FirewallModel } from '../model/firewall.model.js';
import { isEnforced } from '../model/firewall.model.js';
import { FAMILIES, flowSetName, flowSetNames } from './flow-sets.js';
import type { FlowTable, Half } from './flow-sets.js';
import { elementTexts, mapElement } from './nft-layout.js';
import type { ChainLayout, SetLayout, TableLayout } from './nft-layout.js';
import { TABLE } from './own-table.js';
import { SharedMap } from './shared-map.js';
import { renderTable } from './table.renderer.js';
import { policyLayout, upkeepLayout } from './table-layout.js';
import type { PolicyLayout } from './table-layout.js';
import { renderTakeover } from './takeover.renderer.js';

export function renderChange(change: Change): string {
  const { model } = change;
  switch (change.kind) {
    case 'whole':
      return renderTable(model);
    case 'takeover':
      return renderTakeover(change.found, model);
    case 'rotation':
      return script(upkeep(change.from, model));
    case 'delta':
      return script([...policyCommands(change.from, model), ...upkeep(change.from, model)]);
  }
}

/** Empties flow sets that were read: whatever is in a flow set of a half that nobody writes was read by nobody. */
export function renderFlush(half: Half, tables: readonly FlowTable[]): string {
  return script(
    tables.flatMap((table) => FAMILIES.map((family) => flushed(flowSetName(table, family, half)))),
  );
}

const flushed = (set: string): string => `flush set ${TABLE} ${set}`;

/** By policy: namespaces of one policy share what it is laid out as, and the way from one to the next. */
const layouts = new WeakMap<FirewallModel, PolicyLayout>();
const ways = new WeakMap<PolicyLayout, WeakMap<PolicyLayout, readonly string[]>>();

function rememberedLayout(policy: FirewallModel, before?: PolicyLayout): PolicyLayout {
  const layout = layouts.get(policy) ?? policyLayout(policy, before);
  layouts.set(policy, layout);
  return layout;
}

function policyCommands(from: FirewallModel, to: FirewallModel): readonly string[] {
  const before = rememberedLayout(policyOf(from));
  const after = rememberedLayout(policyOf(to), before);
  const others = ways.get(before) ?? new WeakMap<PolicyLayout, readonly string[]>();
  const commands = others.get(after) ?? commandsBetween(before, after);
  ways.set(before, others.set(after, commands));
  return commands;
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
