/** `flows`: who talked to whom, now or as it happens. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { colours as pc } from '../colours.js';
import type { Flow } from '@ringfence/contracts';
import { usage } from '../failure.js';
import { FOLLOW_WIDTHS, flowColumns } from '../flow-table.js';
import { edgesOf } from '../graph/flow-edges.js';
import type { Edge } from '../graph/flow-edges.js';
import { allRuleNames, concerns, flowsOf, ruleNamesFor } from '../graph/flow-query.js';
import { GROUPINGS, isInfrastructure } from '../graph/flow-words.js';
import type { Grouping } from '../graph/flow-words.js';
import { lineOf, render, tableOf, verdictColour } from '../output.js';
import type { Column } from '../output.js';
import type { Terminal, WithTerminal } from './terminal.js';

interface FlowOptions {
  readonly follow?: boolean;
  readonly verdict?: string;
  readonly since: string;
  readonly namespace?: string;
  readonly limit: string;
  readonly by: Grouping | 'flow';
  readonly all?: boolean;
}

/** An edge is made of many flows. */
const MOST_FLOWS = 20_000;
const MOST_SHOWN = 200_000;

export function flowCommands(program: Command, withTerminal: WithTerminal): void {
  program
    .command('flows')
    .description('who talked to whom, with the verdict and the rule: a line per source, destination and port')
    .option('-f, --follow', 'show new flows as they come, until Ctrl-C')
    .addOption(
      new Option('--by <what>', 'what is one end of a line; flow: every flow as it was reported')
        .choices([...GROUPINGS, 'flow'])
        .default('workload'),
    )
    .addOption(
      new Option('--verdict <verdict>', 'only these').choices([
        'allowed',
        'potentially_blocked',
        'blocked',
        'unknown',
      ]),
    )
    .option('--since <time>', 'such as 30s, 15m, 2h, 7d, or 2026-01-31T12:00:00Z', '1h')
    .option('-n, --namespace <name>', 'only flows with an end in this namespace')
    .option('-a, --all', 'name look-ups, probes and the system namespaces, too')
    .option('--limit <count>', 'at most so many lines, the newest', '100')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ringfence flows --by role\n  $ ringfence flows --since 15m --verdict blocked\n  $ ringfence flows --follow -n shop-prod',
    )
    .action((options: FlowOptions) =>
      withTerminal((terminal) =>
        options.follow === true ? follow(terminal, options) : list(terminal, options),
      ),
    );
}

async function list(terminal: Terminal, options: FlowOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_SHOWN)
    throw usage('--limit: write a number from 1 to 200000');
  if (options.by === 'flow') return listFlows(terminal, options, limit);
  const flows = await flowsOf(terminal, options, MOST_FLOWS);
  const rules = await ruleNamesFor(terminal, flows);
  const { edges, folded } = edgesOf(flows, { by: options.by, all: options.all === true, rules });
  terminal.write(render(edges.slice(0, limit), EDGE_COLUMNS, terminal.format, EMPTY));
  if (terminal.format !== 'table') return;
  if (edges.length > limit) terminal.note(`${String(edges.length - limit)} more lines; --limit shows them\n`);
  if (folded > 0)
    terminal.note(
      pc.dim(
        `${String(folded)} more of infrastructure (names, probes, system namespaces); --all shows them\n`,
      ),
    );
}

const EMPTY = 'No flows. `--since` reaches further back; idle and unmanaged namespaces report none.';
const EDGE_COLUMNS: readonly Column<Edge>[] = [
  { title: 'SOURCE', value: ({ from }) => from },
  { title: 'DESTINATION', value: ({ to }) => to },
  { title: 'PORT', value: ({ port }) => port },
  { title: 'VERDICT', value: ({ verdict }) => verdict, colour: verdictColour },
  { title: 'RULE', value: ({ rule }) => rule },
  { title: 'CONNECTIONS', value: ({ connections }) => String(connections) },
  { title: 'LAST SEEN', value: ({ last_seen: at }) => at.slice(0, 19).replace('T', ' ') },
];

async function listFlows(terminal: Terminal, options: FlowOptions, limit: number): Promise<void> {
  // A namespace is no filter of the API: it is applied here, to more flows than are shown.
  const most = options.namespace === undefined ? limit : Math.min(limit * 20, MOST_SHOWN);
  const flows = await flowsOf(terminal, options, most);
  const rows = flows.slice(0, limit).reverse();
  const rules = await ruleNamesFor(terminal, rows);
  terminal.write(render(rows, flowColumns(rules), terminal.format, EMPTY));
}

async function follow(terminal: Terminal, options: FlowOptions): Promise<void> {
  let columns = flowColumns(await allRuleNames(terminal.api));
  if (terminal.format === 'table') terminal.write(tableOf([], columns, FOLLOW_WIDTHS));
  for await (const { event, data } of terminal.api.events('/stream', terminal.signal)) {
    if (event === 'policy') {
      terminal.note(`policy version ${String((data as { version?: string }).version)} was provisioned\n`);
      columns = flowColumns(await allRuleNames(terminal.api));
    }
    if (event === 'missed')
      terminal.note(
        `${String((data as { flows?: number }).flows)} flows came faster than they can be shown\n`,
      );
    if (event === 'flows')
      writeFlows(
        terminal,
        (data as Flow[]).filter((one) => isShown(one, options)),
        columns,
      );
  }
}

const isShown = (flow: Flow, options: FlowOptions): boolean =>
  concerns(flow, options) && (options.all === true || !isInfrastructure(flow));

function writeFlows(
  { write, format }: Terminal,
  flows: readonly Flow[],
  columns: readonly Column<Flow>[],
): void {
  for (const flow of flows)
    write(format === 'table' ? lineOf(flow, columns, FOLLOW_WIDTHS) : `${JSON.stringify(flow)}\n`);
}
