/**
 * The graph as text: from those whom nobody calls down to those who call nobody. Each is opened once; what was opened above is only
 * named. Pure.
 */
import { printable, verdictColour } from '../output.js';
import type { Edge } from './flow-edges.js';
import { grouped } from './grouped.js';

export function callTree(edges: readonly Edge[]): string {
  const calls = grouped(edges, ({ from }) => from);
  const called = new Set(edges.map(({ to }) => to));
  const names = [...calls.keys()].sort();
  const opened = new Set<string>();
  const lines: string[] = [];
  const open = (name: string, indent: string): void => {
    opened.add(name);
    const own = [...(calls.get(name) ?? [])].sort((a, b) => a.to.localeCompare(b.to));
    own.forEach((edge, index) => {
      const isLast = index === own.length - 1;
      const isKnown = opened.has(edge.to) && calls.has(edge.to);
      lines.push(`${indent}${isLast ? '└' : '├'}─▶ ${lineOf(edge)}${isKnown ? '  (above)' : ''}`);
      if (!opened.has(edge.to)) open(edge.to, `${indent}${isLast ? ' ' : '│'}   `);
    });
  };
  // First the roots; whoever is left is in a circle.
  for (const name of [...names.filter((each) => !called.has(each)), ...names]) {
    if (opened.has(name)) continue;
    lines.push(printable(name));
    open(name, '');
  }
  return lines.map((line) => `${line}\n`).join('');
}

const lineOf = ({ to, port, verdict, rule }: Edge): string =>
  `${printable(to)} ${port}  ${verdictColour(verdict)}: ${printable(rule)}`;
