import type { CsvRow } from './csv.js';

/**
 * A table of hosts and their labels → what would change: a row per workload (by href, or by hostname where that is empty), a column per
 * label type. An empty cell leaves the label as it is; the delete token takes it away; anything else is the value of a label.
 */
export interface LabelledHost {
  readonly id: string;
  readonly hostname: string;
  /** Values by label type. */
  readonly labels: ReadonlyMap<string, string>;
}
export interface Change {
  /** Of the file. */
  readonly line: number;
  readonly id: string;
  readonly hostname: string;
  readonly labels: readonly {
    readonly key: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
}
export interface ImportPlan {
  readonly changes: readonly Change[];
  readonly unchanged: number;
  /** In words, with their lines; while there are any, nothing is done. */
  readonly problems: readonly string[];
}
export interface ImportAround {
  readonly hosts: readonly LabelledHost[];
  readonly types: ReadonlySet<string>;
  /** None: no cell takes a label away. */
  readonly deleteToken: string | undefined;
}

/** A value with a comma that is not in quotes would be somebody else's label. */
const TOO_MANY_CELLS = 'it has more cells than the first line: put a value that has a comma in quotes';
const LONGEST_VALUE = 255;

function unusableValues({ line, labels }: Change): string[] {
  return labels.flatMap(({ key, after }) => {
    if (after !== null && after.length > LONGEST_VALUE)
      return [`line ${line}: ${key}: the value is longer than ${LONGEST_VALUE} characters`];
    return after !== null && /\p{Cc}/u.test(after)
      ? [`line ${line}: ${key}: the value holds a line end or another control character`]
      : [];
  });
}

/** A spreadsheet would compute the label instead of showing it, whoever opens an export of it. */
export const isFormula = (value: string): boolean => /^[=+@-]/.test(value);

interface Column {
  readonly at: number;
  readonly key: string;
}

export function planImport([header, ...rows]: readonly CsvRow[], around: ImportAround): ImportPlan {
  const names = header?.cells ?? [];
  const columns = columnsOf(names, around.types);
  if (typeof columns === 'string') return { changes: [], unchanged: 0, problems: [`line 1: ${columns}`] };
  const find = finder(around.hosts);
  const lineOf = new Map<string, number>();
  const problems: string[] = [];
  const changes: Change[] = [];
  for (const row of rows) {
    const { line, cells } = row;
    if (cells.every((cell) => cell === '')) continue;
    const host = cells.length > names.length ? TOO_MANY_CELLS : find(cells);
    const before = typeof host === 'string' ? undefined : lineOf.get(host.id);
    if (typeof host === 'string') problems.push(`line ${line}: ${host}`);
    else if (before !== undefined) problems.push(`line ${line}: line ${before} is of the same workload`);
    else {
      lineOf.set(host.id, line);
      changes.push(changeOf(host, row, columns, around.deleteToken));
    }
  }
  problems.push(...changes.flatMap(unusableValues));
  const real = changes.filter(({ labels }) => labels.length > 0);
  return { changes: real, unchanged: changes.length - real.length, problems };
}

/** Other columns than those of label types are somebody's notes. */
function columnsOf(header: readonly string[], types: ReadonlySet<string>): readonly Column[] | string {
  const [first, second, ...others] = header.map((name) => name.trim());
  if (first !== 'href' || second !== 'hostname') return 'the first two columns are href and hostname';
  const named = others.map((name, at) => ({ at: at + 2, name, key: name.replace(/^label:\s*/, '') }));
  const wrong = named.find(({ name, key }) => name !== key && !types.has(key));
  if (wrong !== undefined) return `there is no label type "${wrong.key}"`;
  const columns = named.filter(({ key }) => types.has(key));
  const twice = columns.find(({ key }, at) => columns.findIndex((each) => each.key === key) !== at);
  return twice === undefined ? columns : `two columns are of label type "${twice.key}"`;
}

/** The host of a row, or why there is none. */
function finder(hosts: readonly LabelledHost[]): (row: readonly string[]) => LabelledHost | string {
  const byId = new Map(hosts.map((host) => [host.id, host]));
  const byName = new Map<string, LabelledHost[]>();
  for (const host of hosts) byName.set(host.hostname, [...(byName.get(host.hostname) ?? []), host]);
  return ([href = '', hostname = '']) => {
    if (href !== '') return byId.get(href.split('/').at(-1) ?? '') ?? `there is no workload ${href}`;
    const [host, another] = byName.get(hostname) ?? [];
    if (host === undefined) return `there is no workload of hostname "${hostname}"`;
    return another === undefined
      ? host
      : `several workloads are of hostname "${hostname}": say which by its href`;
  };
}

function changeOf(
  { id, hostname, labels }: LabelledHost,
  { line, cells: row }: CsvRow,
  columns: readonly Column[],
  deleteToken: string | undefined,
): Change {
  const cells = columns.flatMap(({ at, key }) => {
    const cell = row[at]?.trim() ?? '';
    const before = labels.get(key) ?? null;
    const after = cell === '' ? before : cell === deleteToken ? null : cell;
    return after === before ? [] : [{ key, before, after }];
  });
  return { id, line, hostname, labels: cells };
}
