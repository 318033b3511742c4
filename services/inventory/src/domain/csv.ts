/** Rows of a CSV text (RFC 4180): a field in quotes may hold commas, line ends, and quotes written twice. */
export interface CsvRow {
  /** On which it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** `wrongAt`: the line of a quote that may not stand there, or of a line end that is none. */
export function parseCsv(text: string): { readonly rows: readonly CsvRow[] } | { readonly wrongAt: number } {
  const field = /("[^"]*(?:""[^"]*)*"|[^",\r\n]*)(,|\r?\n|$)/y;
  const rows: CsvRow[] = [];
  let row: { line: number; cells: string[] } = { line: 1, cells: [] };
  let line = 1;
  field.lastIndex = text.startsWith('\uFEFF') ? 1 : 0;
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (found === null) return { wrongAt: line };
    const [whole, value = '', end] = found;
    line += whole.split('\n').length - 1;
    row.cells.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === ',') continue;
    rows.push(row);
    row = { line, cells: [] };
  }
  // After a comma there is a field, also at the end.
  return { rows: row.cells.length === 0 ? rows : [...rows, { ...row, cells: [...row.cells, ''] }] };
}
