/** The graph as one SVG that any browser shows: callers on the left, whom they call to the right of them. Pure. */
import { COLOURS, namespaceOf, shortName } from './drawings.js';
import type { Edge } from './flow-edges.js';
import { grouped } from './grouped.js';

interface Place {
  readonly x: number;
  readonly y: number;
}

const WIDTH = 190;
const HEIGHT = 44;
const COLUMN = 330;
const ROW = 68;
const MARGIN = 24;
const LEGEND = 34;

export function toSvg(edges: readonly Edge[]): string {
  const places = placesOf(edges);
  const all = [...places.values()];
  const width = Math.max(0, ...all.map(({ x }) => x)) + WIDTH + MARGIN;
  const height = Math.max(0, ...all.map(({ y }) => y)) + HEIGHT + MARGIN + LEGEND;
  const size = `width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    ...edges.map((edge) => lineOf(edge, places)),
    ...[...places].map(([name, place]) => boxOf(name, place)),
    legend(height - MARGIN / 2),
    '</svg>\n',
  ].join('\n');
}

function placesOf(edges: readonly Edge[]): Map<string, Place> {
  const columns = grouped(columnsOf(edges), ([, column]) => column);
  const places = new Map<string, Place>();
  for (const [column, members] of columns) {
    [...members]
      .sort(([a], [b]) => a.localeCompare(b))
      .forEach(([name], row) => {
        places.set(name, { x: MARGIN + column * COLUMN, y: MARGIN + row * ROW });
      });
  }
  return places;
}

/** One further right than the farthest of its callers; a call back up the chain moves nobody. */
function columnsOf(edges: readonly Edge[]): Map<string, number> {
  const callers = grouped(withoutCallsBack(edges), ({ to }) => to);
  const columns = new Map<string, number>();
  const columnOf = (name: string): number => {
    const known = columns.get(name);
    if (known !== undefined) return known;
    const left = (callers.get(name) ?? []).map(({ from }) => columnOf(from));
    const column = Math.max(-1, ...left) + 1;
    columns.set(name, column);
    return column;
  };
  for (const { from, to } of edges) for (const name of [from, to]) columnOf(name);
  return columns;
}

/** What remains when the calls are followed from those whom nobody calls, without those that close a circle. */
function withoutCallsBack(edges: readonly Edge[]): Edge[] {
  const calls = grouped(edges, ({ from }) => from);
  const called = new Set(edges.map(({ to }) => to));
  const forward: Edge[] = [];
  const seen = new Set<string>();
  const chain = new Set<string>();
  const follow = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    chain.add(name);
    for (const edge of calls.get(name) ?? []) {
      if (chain.has(edge.to)) continue;
      forward.push(edge);
      follow(edge.to);
    }
    chain.delete(name);
  };
  const names = [...calls.keys()].sort();
  for (const name of [...names.filter((each) => !called.has(each)), ...names]) follow(name);
  return forward;
}

function lineOf(
  { from, to, port, verdict, rule, connections }: Edge,
  places: ReadonlyMap<string, Place>,
): string {
  const start = places.get(from);
  const end = places.get(to);
  if (start === undefined || end === undefined) return '';
  const [x1, y1, x2, y2] = [start.x + WIDTH, start.y + HEIGHT / 2, end.x, end.y + HEIGHT / 2];
  const bend = Math.max(60, Math.abs(x2 - x1) / 2);
  const path = `M${String(x1)} ${String(y1)} C${String(x1 + bend)} ${String(y1)} ${String(x2 - bend)} ${String(y2)} ${String(x2 - 5)} ${String(y2)}`;
  const colour = COLOURS[verdict];
  const dashes = verdict === 'blocked' ? ' stroke-dasharray="5 4"' : '';
  const told = `${from} → ${to} ${port}: ${verdict} (${rule}), ${String(connections)} connections`;
  return [
    `<g><title>${escaped(told)}</title>`,
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.8"${dashes}/>`,
    `<circle cx="${String(x2 - 3)}" cy="${String(y2)}" r="4" fill="${colour}"/>`,
    `<text x="${String(x2 - 14)}" y="${String(y2 - 6)}" text-anchor="end" font-size="11" fill="${colour}">${escaped(port)}</text></g>`,
  ].join('');
}

function boxOf(name: string, { x, y }: Place): string {
  const namespace = namespaceOf(name);
  const at = (dy: number): string => `x="${String(x + 12)}" y="${String(y + dy)}"`;
  return [
    `<rect x="${String(x)}" y="${String(y)}" width="${String(WIDTH)}" height="${String(HEIGHT)}" rx="8" fill="#f4f6f9" stroke="#b9c1cc"/>`,
    `<text ${at(namespace === '' ? 27 : 19)} font-weight="600">${escaped(shortened(shortName(name)))}</text>`,
    namespace === ''
      ? ''
      : `<text ${at(35)} font-size="11" fill="#5b6470">${escaped(shortened(namespace))}</text>`,
  ].join('');
}

function legend(y: number): string {
  const entries = Object.entries(COLOURS).map(
    ([verdict, colour], index) =>
      `<text x="${String(MARGIN + index * 150)}" y="${String(y)}" font-size="11" fill="${colour}">● ${verdict.replaceAll('_', ' ')}</text>`,
  );
  return entries.join('');
}

const shortened = (text: string): string => (text.length <= 24 ? text : `${text.slice(0, 23)}…`);
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (each) => ENTITIES[each] ?? '').replaceAll(/[\u0000-\u001f]/g, '?');
