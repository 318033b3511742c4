/** `policy what-if`: what the draft, or a file, would change: who could talk, who could not any more, and which connections seen would have another verdict. */
import type { Command } from 'commander';
import { colours as pc } from '../colours.js';
import type { FlowEdge, WhatIfAnswer } from '@ringfence/contracts';
import { EXIT } from '../failure.js';
import { grouped } from '../graph/grouped.js';
import { render, renderValue, verdictColour } from '../output.js';
import type { Column } from '../output.js';
import { portWord } from '../policy-words.js';
import { readPolicyFile } from '../read-policy-file.js';
import { seenEdges } from '../seen-edges.js';
import type { SupposedChange } from '../supposed-changes.js';
import { errorsAreTwo } from './errors-are-two.js';
import type { Terminal, WithTerminal } from './terminal.js';

export function whatIfCommand(policy: Command, withTerminal: WithTerminal): void {
  policy
    .command('what-if')
    .description(
      'what the draft, or a file, would change: pairs gained and lost, and connections seen whose verdict would flip; nothing is stored',
    )
    .argument(
      '[subject]',
      'whose connections: a namespace, or labels such as app=shop; without: of everybody',
    )
    .option('-f, --file <path>', 'as if this file alone were applied and provisioned; - reads standard input')
    .option('--since <time>', 'seen since: 30m, 2h, 7d, or 2026-01-31T12:00:00Z', '1h')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing would change, 1 something would, 2 it could not be said.\n\nExamples:\n  $ ringfence policy what-if\n  $ ringfence policy what-if shop-prod --since 1d\n  $ ringfence policy what-if -f shop.yaml',
    )
    .action((subject: string | undefined, options: WhatIfOptions) =>
      withTerminal((terminal) => errorsAreTwo(whatIf(terminal, subject, options))),
    );
}

interface WhatIfOptions {
  readonly file?: string;
  readonly since: string;
}

async function whatIf(
  terminal: Terminal,
  subject: string | undefined,
  { file, since }: WhatIfOptions,
): Promise<void> {
  const { api, format, write, end } = terminal;
  const changes = file === undefined ? undefined : await changesOfFile(api, file);
  const edges = await seenEdges(api, subject, since);
  const answer = await api.post<WhatIfAnswer>('/sec_policy/draft/what_if', { edges, changes });
  const { gained, lost } = answer;
  const flips = shownOnce(answer.flips);
  if (flips.length + gained.count + lost.count > 0) end(EXIT.differs);
  if (format !== 'table') return write(renderValue(answer, format));
  write(
    `Of ${String(new Set(edges.map(callOf)).size)} calls seen ${String(flips.length)} would have another verdict; the rules of ${String(answer.workloads_affected)} workloads would change.\n`,
  );
  if (flips.length > 0) write(`\n${render(flips, COLUMNS, 'table')}`);
  writePairs(write, pc.green('+'), 'could talk', gained);
  writePairs(write, pc.red('-'), 'could not talk any more', lost);
  if (answer.is_cut) write('There are more pairs than were looked at.\n');
}

async function changesOfFile(api: Terminal['api'], file: string): Promise<SupposedChange[]> {
  const parsed = await readPolicyFile(file);
  const { supposedChanges } = await import('../supposed-changes.js');
  return supposedChanges(api, parsed);
}

function writePairs(
  write: Terminal['write'],
  sign: string,
  words: string,
  { count, some }: WhatIfAnswer['gained'],
): void {
  if (count === 0) return;
  write(`\n${String(count)} pairs ${words} in full enforcement:\n`);
  for (const pair of some.slice(0, SHOWN)) write(`  ${sign} ${pair}\n`);
  if (count > SHOWN) write(`  and ${String(count - SHOWN)} more; \`-o json\` names up to 100\n`);
}
const SHOWN = 20;

type FlipRow = WhatIfAnswer['flips'][number];
const endName = ({ name, ip, workload }: FlowEdge['src']): string => name ?? ip ?? workload?.href ?? '';
const COLUMNS: readonly Column<FlipRow>[] = [
  { title: 'SOURCE', value: ({ src }) => endName(src) },
  { title: 'DESTINATION', value: ({ dst }) => endName(dst) },
  { title: 'PORT', value: ({ service }) => portWord(service) },
  { title: 'NOW', value: ({ before }) => before, colour: verdictColour },
  { title: 'THEN', value: ({ after }) => after, colour: verdictColour },
  { title: 'WHY', value: ({ reason }) => reason },
  { title: 'CONNECTIONS', value: ({ num_connections: count }) => String(count) },
];
export const flipTable = (flips: readonly FlipRow[]): string => render(shownOnce(flips), COLUMNS, 'table');

const callOf = ({ src, dst, service }: Pick<FlowEdge, 'src' | 'dst' | 'service'>): string =>
  `${endName(src)} ${endName(dst)} ${portWord(service)}`;

/** Calls to a Service that nobody was behind yet look like those to who has been behind it since. */
function shownOnce(flips: readonly FlipRow[]): FlipRow[] {
  const alike = grouped(flips, (flip) => `${callOf(flip)} ${flip.before} ${flip.after} ${flip.reason}`);
  return [...alike.values()].map((rows) => ({
    ...rows[0]!,
    num_connections: rows.reduce((sum, { num_connections: count }) => sum + count, 0),
  }));
}
