/** The campaign as a drawing (SVG): what was attacked when, how long it took to recover, what passed, and where something went wrong. */
import type { Findings } from './findings.js';
import { escaped } from './html-text.js';

const WIDTH = 1_080;
const LABELS = 190;
const PLOT = WIDTH - LABELS - 12;
const ROW = 19;
const CHART = 76;
const HEAD = 30;
const TICKS_S = [5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
const MOST_TICKS = 12;
const MOST_ROWS = 40;
/** More of them would hide what they are to point at. */
const MOST_LINES = 40;

/** From a time of the campaign to a place on the drawing. */
type X = (at: number) => number;

export function timeline(findings: Findings): string {
  const { began, ended, faults } = findings;
  const x: X = (at) => round(LABELS + (PLOT * (at - began)) / Math.max(1, ended - began));
  const subjects = [...new Set(faults.map(({ name }) => subjectOf(name)))].sort().slice(0, MOST_ROWS);
  const top = HEAD + CHART + 34;
  const height = top + subjects.length * ROW + 12;
  const parts = [
    ...rounds(findings, x, height),
    ...ticks(findings, x, height),
    ...chart(findings, x),
    ...marks(findings, x, height),
    ...subjects.map((subject, index) => row(findings, x, subject, top + index * ROW)),
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="What was attacked when">${parts.join('')}</svg>`;
}

/** `kill gateway` and `freeze gateway` are one row. */
export function subjectOf(fault: string): string {
  return fault.replace(/^(kill|freeze) /, '');
}

function rounds({ rounds: all }: Findings, x: X, height: number): string[] {
  return all.map(
    ({ from, to }) =>
      `<rect class="round" x="${x(from)}" y="${HEAD}" width="${round(x(to) - x(from))}" height="${height - HEAD - 8}"/>`,
  );
}

function ticks({ began, ended }: Findings, x: X, height: number): string[] {
  const seconds = (ended - began) / 1_000;
  const step = TICKS_S.find((candidate) => seconds / candidate <= MOST_TICKS) ?? 7_200;
  const count = Math.floor(seconds / step);
  return Array.from({ length: count + 1 }, (_, index) => {
    const at = x(began + index * step * 1_000);
    return `<line class="tick" x1="${at}" y1="${HEAD}" x2="${at}" y2="${height - 8}"/><text class="time" x="${at}" y="${HEAD - 8}">${clock(index * step)}</text>`;
  });
}

/** Connections per second: dropped below, passed above. */
function chart({ seconds, began }: Findings, x: X): string[] {
  const peak = Math.max(1, ...seconds.map(([passed, dropped]) => passed + dropped));
  const bottom = HEAD + CHART;
  const y = (value: number): number => round(bottom - (value / peak) * (CHART - 8));
  const area = (name: string, value: (second: readonly [number, number]) => number): string => {
    const points = seconds.map((second, index) => `${x(began + index * 1_000)},${y(value(second))}`);
    const last = x(began + Math.max(0, seconds.length - 1) * 1_000);
    return `<polygon class="${name}" points="${LABELS},${bottom} ${points.join(' ')} ${last},${bottom}"/>`;
  };
  return [
    `<text class="label" x="${LABELS - 10}" y="${HEAD + 24}">connections per second</text>`,
    `<text class="label faint" x="${LABELS - 10}" y="${HEAD + 40}">at most ${peak}</text>`,
    area('passed', ([passed, dropped]) => passed + dropped),
    area('dropped', ([, dropped]) => dropped),
  ];
}

function marks({ violations, quietPoints }: Findings, x: X, height: number): string[] {
  const y = HEAD + CHART + 14;
  const at = [...new Set(violations.map((violation) => x(violation.at)))];
  return [
    `<text class="label" x="${LABELS - 10}" y="${y + 4}">quiet points, violations</text>`,
    ...quietPoints.map(
      (point) =>
        `<path class="quiet" d="M${x(point.at)} ${y - 6}l6 6l-6 6l-6 -6z"><title>compared ${point.compared}</title></path>`,
    ),
    ...(at.length > MOST_LINES ? [] : at).map(
      (place) => `<line class="violated" x1="${place}" y1="${HEAD}" x2="${place}" y2="${height - 8}"/>`,
    ),
    ...at.map((place) => `<circle class="violation" cx="${place}" cy="${y}" r="3.5"/>`),
  ];
}

function row({ faults, ended }: Findings, x: X, subject: string, y: number): string {
  const bars = faults
    .filter(({ name }) => subjectOf(name) === subject)
    .map((fault) => {
      const [from, until, well] = [x(fault.from), x(fault.ended ?? ended), x(fault.healed ?? ended)];
      const kind = fault.name.startsWith('kill')
        ? 'kill'
        : fault.name.startsWith('freeze')
          ? 'freeze'
          : 'other';
      const title = `<title>${escaped(fault.name)}</title>`;
      return `<rect class="healing" x="${until}" y="${y + 6}" width="${round(Math.max(0, well - until))}" height="7"/><rect class="${kind}" x="${from}" y="${y + 3}" width="${round(Math.max(2.5, until - from))}" height="13" rx="2">${title}</rect>`;
    });
  return `<text class="label" x="${LABELS - 10}" y="${y + 14}">${escaped(subject)}</text>${bars.join('')}`;
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
