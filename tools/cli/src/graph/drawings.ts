/** The graph for other programs: Graphviz's DOT and Mermaid's flowchart, workloads in a box per namespace. Pure. */
import type { Edge } from './flow-edges.js';
import { grouped } from './grouped.js';

interface Node {
  readonly id: string;
  readonly name: string;
}

export const COLOURS: Readonly<Record<Edge['verdict'], string>> = {
  allowed: '#2e9e5b',
  potentially_blocked: '#d99a00',
  blocked: '#d23f3f',
  unknown: '#8a8f98',
};

export function toDot(edges: readonly Edge[]): string {
  const { boxes, idOf } = nodesOf(edges);
  const text = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const inBox = ([box, nodes]: [string, Node[]], index: number): string[] => {
    const drawn = nodes.map(({ id, name }) => `    ${id} [label=${text(shortName(name))}]`);
    return box === ''
      ? drawn
      : [`  subgraph cluster_${String(index)} {`, `    label=${text(box)}`, ...drawn, '  }'];
  };
  return lines([
    'digraph ringfence {',
    '  rankdir=LR',
    '  node [shape=box, style=rounded, fontname="sans-serif"]',
    ...boxes.flatMap(inBox),
    ...edges.map(
      ({ from, to, port, verdict }) =>
        `  ${idOf(from)} -> ${idOf(to)} [label=${text(port)}, color="${COLOURS[verdict]}", tooltip=${text(verdict)}]`,
    ),
    '}',
  ]);
}

export function toMermaid(edges: readonly Edge[]): string {
  const { boxes, idOf } = nodesOf(edges);
  const text = (value: string): string => `"${value.replaceAll('"', '#quot;').replaceAll('\n', ' ')}"`;
  const inBox = ([box, nodes]: [string, Node[]], index: number): string[] => {
    const drawn = nodes.map(({ id, name }) => `    ${id}[${text(shortName(name))}]`);
    return box === '' ? drawn : [`  subgraph s${String(index)} [${text(box)}]`, ...drawn, '  end'];
  };
  return lines([
    'flowchart LR',
    ...boxes.flatMap(inBox),
    ...edges.map(({ from, to, port }) => `  ${idOf(from)} -->|${text(port)}| ${idOf(to)}`),
    ...edges.map(({ verdict }, index) => `  linkStyle ${String(index)} stroke:${COLOURS[verdict]}`),
  ]);
}

/** By namespace; what has none stands alone, below the empty name. */
function nodesOf(edges: readonly Edge[]): { boxes: [string, Node[]][]; idOf(name: string): string } {
  const names = [...new Set(edges.flatMap(({ from, to }) => [from, to]))].sort();
  const ids = new Map(names.map((name, index) => [name, `n${String(index)}`]));
  const idOf = (name: string): string => ids.get(name) ?? 'n';
  const nodes = names.map((name): Node => ({ id: idOf(name), name }));
  return { boxes: [...grouped(nodes, ({ name }) => namespaceOf(name))], idOf };
}

export const namespaceOf = (name: string): string => /^([a-z0-9-]+)\/./.exec(name)?.[1] ?? '';
export const shortName = (name: string): string => name.slice(namespaceOf(name).length).replace(/^\//, '');
const lines = (all: readonly string[]): string => `${all.join('\n')}\n`;
