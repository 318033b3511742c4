/**
 * A pure interpreter of the part of nft's language that the renderers speak: the oracle that tells what state a script
 * leaves behind. It is stricter than the kernel where that finds bugs: unknown names and double additions throw.
 */
export interface NftState {
  readonly sets: ReadonlyMap<
    string,
    { readonly declaration: string; readonly elements: ReadonlySet<string> }
  >;
  readonly chains: ReadonlyMap<string, readonly string[]>;
}

interface MutableState {
  sets: Map<string, { declaration: string; elements: Set<string> }>;
  chains: Map<string, string[]>;
}

export const NO_TABLE: NftState | null = null;

export function runScript(state: NftState | null, script: string): NftState | null {
  let table = state === null ? null : copy(state);
  const lines = script.split('\n').map((line) => line.trim());
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (line === '') continue;
    if (line === 'table inet ringfence') table ??= { sets: new Map(), chains: new Map() };
    else if (line === 'delete table inet ringfence') table = null;
    else if (line === 'table inet ringfence {') {
      table = { sets: new Map(), chains: new Map() };
      i = readBody(table, lines, i + 1);
    } else runCommand(present(table, line), line);
  }
  if (table !== null) checkReferences(table);
  return table;
}

function readBody(table: MutableState, lines: readonly string[], start: number): number {
  for (let i = start; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (line === '}') return i;
    const chain = /^chain (\w+) \{$/.exec(line);
    const set = /^set (\w+) \{ (.*?)(?: elements = \{ (.*) \};)? \}$/.exec(line);
    if (set !== null)
      table.sets.set(set[1] ?? '', { declaration: set[2] ?? '', elements: new Set(split(set[3])) });
    else if (chain !== null) {
      const end = lines.indexOf('}', i);
      table.chains.set(
        chain[1] ?? '',
        lines.slice(i + 1, end).filter((rule) => rule !== ''),
      );
      i = end;
    } else if (!line.startsWith('counter ')) throw new Error(`not understood: ${line}`);
  }
  throw new Error('the table does not end');
}

function runCommand(table: MutableState, line: string): void {
  const match = /^(add|delete|flush) (set|chain|rule|element) inet ringfence (\w+)(?: (.*))?$/.exec(line);
  if (match === null) throw new Error(`not understood: ${line}`);
  const [, verb = '', kind = '', name = '', rest = ''] = match;
  if (kind === 'element') return changeElements(table, verb, name, split(rest.slice(2, -2)));
  if (kind === 'rule') return void present(table.chains.get(name), line).push(rest);
  if (kind === 'set') return changeSet(table, verb, name, rest.slice(2, -2));
  if (verb === 'add') {
    if (table.chains.has(name)) throw new Error(`chain ${name} is there already`);
    return void table.chains.set(name, rest === '' ? [] : [rest.slice(2, -2)]);
  }
  const chain = present(table.chains.get(name), line);
  if (verb === 'flush') chain.length = 0;
  else table.chains.delete(name);
}

function changeSet(table: MutableState, verb: string, name: string, declaration: string): void {
  if (verb === 'add') {
    if (table.sets.has(name)) throw new Error(`set ${name} is there already`);
    return void table.sets.set(name, { declaration, elements: new Set() });
  }
  const set = present(table.sets.get(name), name);
  if (verb === 'flush') set.elements.clear();
  else table.sets.delete(name);
}

function changeElements(table: MutableState, verb: string, name: string, elements: readonly string[]): void {
  const set = present(table.sets.get(name), name);
  for (const element of elements) {
    if (set.elements.has(element) === (verb === 'add'))
      throw new Error(`${verb} of ${element} in ${name} does not fit`);
    if (verb === 'add') set.elements.add(element);
    else set.elements.delete(element);
  }
}

/** Every set and chain that a rule names must exist, as the kernel demands at commit. */
function checkReferences(table: MutableState): void {
  for (const [name, rules] of table.chains) {
    for (const rule of rules) {
      for (const [, set = ''] of rule.matchAll(/@(\w+)/g))
        if (!table.sets.has(set)) throw new Error(`${name} names the set ${set}`);
      for (const [, chain = ''] of rule.matchAll(/(?:jump|goto) (\w+)/g))
        if (!table.chains.has(chain)) throw new Error(`${name} names the chain ${chain}`);
    }
  }
}

function split(list: string | undefined): string[] {
  return list === undefined || list === '' ? [] : list.split(', ');
}

function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`no such thing: ${what}`);
  return value;
}

function copy(state: NftState): MutableState {
  return {
    sets: new Map(
      [...state.sets].map(([name, set]) => [
        name,
        { declaration: set.declaration, elements: new Set(set.elements) },
      ]),
    ),
    chains: new Map([...state.chains].map(([name, rules]) => [name, [...rules]])),
  };
}
