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
    const set = /^(?:set|map) (\w+) \{ (.*?)(?: elements = \{ (.*) \};)? \}$/.exec(line);
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
  const match = /^(add|delete|flush) (set|map|chain|rule|element) inet ringfence (\w+)(?: (.*))?$/.exec(line);
  if (match === null) throw new Error(`not understood: ${line}`);
  const [, verb = '', kind = '', name = '', rest = ''] = match;
  const inner = rest.slice(2, -2);
  if (kind === 'element') changeElements(table, verb, name, split(inner));
  else if (kind === 'set' || kind === 'map') changeSet(table, verb, name, inner);
  else if (kind === 'rule') present(table.chains.get(name), line).push(rest);
  else changeChain(table, verb, name, inner);
}

function changeChain(table: MutableState, verb: string, name: string, hook: string): void {
  const chain = table.chains.get(name);
  if (verb === 'add') {
    if (chain !== undefined) throw new Error(`chain ${name} is there already`);
    table.chains.set(name, hook === '' ? [] : [hook]);
  } else if (verb === 'flush') present(chain, name).length = 0;
  else if (!table.chains.delete(name)) throw new Error(`no such chain: ${name}`);
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
  const keys = new Map([...set.elements].map((element) => [keyOf(element), element]));
  for (const element of elements) {
    const known = keys.get(keyOf(element));
    if ((known !== undefined) === (verb === 'add'))
      throw new Error(`${verb} of ${element} in ${name} does not fit`);
    if (known === undefined) set.elements.add(element);
    else set.elements.delete(known);
  }
}

/** Of a map's element what stands before its data. */
function keyOf(element: string): string {
  return element.split(' : ')[0] ?? element;
}

/** Every set and chain that a rule names must exist, as the kernel demands at commit. Bits of a header are `@nh,…`. */
function checkReferences(table: MutableState): void {
  for (const rules of table.chains.values()) {
    const text = rules.join('\n');
    for (const [, set = ''] of text.matchAll(/@(\w+)\b(?!,)/g)) present(table.sets.get(set), `set ${set}`);
    for (const [, chain = ''] of text.matchAll(/(?:jump|goto) (\w+)/g))
      present(table.chains.get(chain), `chain ${chain}`);
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
