/** Rows of a CSV text (RFC 4180): a field in quotes may hold commas, line ends, and quotes written twice. Null: a quote stands where none may. */
export function parseCsv(text: string): string[][] | null {
  const field = /("[^"]*(?:""[^"]*)*"|[^",\r\n]*)(,|\r?\n|$)/y;
  const rows: string[][] = [];
  let row: string[] = [];
  field.lastIndex = text.startsWith('\uFEFF') ? 1 : 0;
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (found === null) return null;
    const [, value = '', end] = found;
    row.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  // After a comma there is a field, also at the end.
  return row.length === 0 ? rows : [...rows, [...row, '']];
}
