/** `policy what-if`: what the draft, or a file, would change: who could talk, who could not any more, and which connections seen would have another verdict. */
import type { Command } from 'commander';
import { colours as pc } from '../colours.js';
import type { FlowEdge, WhatIfAnswer } from '@ringfence/contracts';
import { EXIT } from '../failure.js';
import { grouped } from '../graph/grouped.js';
import { printable, render, renderValue, verdictColour } from '../output.js';
import type { Column } from '../output.js';
import { portWord } from '../policy-words.js';
import { readPolicyFile } from '../read-policy-file.js';
import { flowsOf } from '../seen-edges.js';
import type { ParsedPolicy } from '../policy-documents.js';
import { errorsAreTwo } from './errors-are-two.js';
import { SET_OPTION } from './set-option.js';
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
    .option(
      '-f, --file <path>',
      'as if these documents alone were applied and provisioned: a file or a folder; - reads standard input',
    )
    .option(...SET_OPTION)
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
  readonly set: readonly string[];
  readonly since: string;
}

async function whatIf(
  { api, format, write, end }: Terminal,
  subject: string | undefined,
  { file, set, since }: WhatIfOptions,
): Promise<void> {
  const documents = file === undefined ? undefined : await readPolicyFile(file, set);
  const answer = await askWhatIf(api, { subject, since, documents });
  const { flows, gained, lost } = answer;
  if (flows.changed.flows + gained.count + lost.count > 0) end(EXIT.differs);
  write(format === 'table' ? whatIfText(answer) : renderValue(answer, format));
}

/** With what was said of stored flows. */
export type Asked = WhatIfAnswer & Required<Pick<WhatIfAnswer, 'flows'>>;

/** Of the draft, or of documents as if they alone were applied; judged by the server over all that is stored. */
export async function askWhatIf(
  api: Terminal['api'],
  of: {
    readonly subject?: string | undefined;
    readonly since: string;
    readonly documents: ParsedPolicy | undefined;
  },
): Promise<Asked> {
  const { supposedChanges } = await import('../supposed-changes.js');
  const changes = of.documents && (await supposedChanges(api, of.documents));
  const flows = await flowsOf(api, of.subject, of.since);
  return api.post<Asked>('/sec_policy/draft/what_if', { flows, changes });
}

export function whatIfText(answer: Asked): string {
  const { flips, workloads_affected: affected } = answer;
  return [
    `${countText(answer)}; the rules of ${String(affected)} workloads would change.\n`,
    leftOutText(answer),
    flips.length > 0 ? `\n${flipTable(flips)}` : '',
    pairsText(pc.green('+'), 'could talk', answer.gained),
    pairsText(pc.red('-'), 'could not talk any more', answer.lost),
    answer.is_cut ? 'There are more pairs than were looked at.\n' : '',
  ].join('');
}

export function countText({ flows: { changed, judged, start_date: since } }: Asked): string {
  return `Of ${String(judged)} flows seen since ${since} ${String(changed.flows)} (${String(changed.num_connections)} connections) would have another verdict`;
}

/** What was judged is not all that was seen. */
export function leftOutText({ flows: { left_out: left } }: Asked): string {
  const words: readonly (readonly [number, string])[] = [
    [left.essential, 'that no rule can stop'],
    [left.gone, 'of workloads that are gone'],
    [left.beyond, 'beyond what is judged at once: name a namespace or labels, or ask for a shorter time'],
  ];
  const said = words.flatMap(([count, why]) => (count === 0 ? [] : [`${String(count)} ${why}`]));
  return said.length === 0 ? '' : `Not judged: ${said.join('; ')}.\n`;
}

function pairsText(sign: string, words: string, { count, some }: WhatIfAnswer['gained']): string {
  if (count === 0) return '';
  const shown = some.slice(0, SHOWN).map((pair) => `  ${sign} ${printable(pair)}\n`);
  const rest = count > SHOWN ? `  and ${String(count - SHOWN)} more; \`-o json\` names up to 100\n` : '';
  return `\n${String(count)} pairs ${words} in full enforcement:\n${shown.join('')}${rest}`;
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
