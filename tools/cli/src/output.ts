/** Answers for people (tables) and for programs (JSON, YAML). A table is as wide as its text; colours only on a terminal. */
import { colours as pc } from './colours.js';
import { yaml } from './yaml.js';

export type Format = 'table' | 'json' | 'yaml';
/** As they are asked for; `wide` is a table with all its columns. */
export const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export const isFormat = (text: string): text is (typeof FORMATS)[number] =>
  FORMATS.some((format) => format === text);

export interface Column<T> {
  readonly title: string;
  /** Only where all columns are asked for. */
  readonly wide?: boolean;
  readonly value: (row: T) => string;
  readonly colour?: (text: string, row: T) => string;
}

export function render<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  format: Format,
  empty = 'Nothing found.',
): string {
  if (format !== 'table') return renderValue(rows, format);
  return rows.length === 0 ? `${pc.dim(empty)}\n` : tableOf(rows, columns);
}

export function renderValue(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : yaml().stringify(value);
}

export function tableOf<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  widths = widthsOf(rows, columns),
): string {
  const head = columns.map(({ title }, index) => pc.bold(title.padEnd(widths[index] ?? 0))).join('  ');
  return `${head.trimEnd()}\n${rows.map((row) => lineOf(row, columns, widths)).join('')}`;
}

export function lineOf<T>(row: T, columns: readonly Column<T>[], widths: readonly number[]): string {
  const cells = columns.map(({ value, colour }, index) => {
    const text = printable(value(row)).padEnd(index === columns.length - 1 ? 0 : (widths[index] ?? 0));
    return colour === undefined ? text : colour(text, row);
  });
  return `${cells.join('  ').trimEnd()}\n`;
}

function widthsOf<T>(rows: readonly T[], columns: readonly Column<T>[]): number[] {
  return columns.map(({ title, value }) =>
    Math.max(title.length, ...rows.map((row) => printable(value(row)).length)),
  );
}

/** Names come from clusters and people: no control characters reach the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

const VERDICT_COLOURS: Readonly<Record<string, (text: string) => string>> = {
  allowed: pc.green,
  blocked: pc.red,
  potentially_blocked: pc.yellow,
};
export function verdictColour(text: string): string {
  return (VERDICT_COLOURS[text.trim()] ?? pc.dim)(text);
}
