/** `flows`: who talked to whom, now or as it happens. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Flow, FlowQueryObject } from '@ringfence/contracts';
import { refused, usage } from '../failure.js';
import { FLOW_COLUMNS, FOLLOW_WIDTHS } from '../flow-table.js';
import { lineOf, render, tableOf } from '../output.js';
import type { Terminal, WithTerminal } from './terminal.js';

interface FlowOptions {
  readonly follow?: boolean;
  readonly verdict?: string;
  readonly since: string;
  readonly namespace?: string;
  readonly limit: string;
}

const POLL_MS = 250;
const QUERY_WITHIN_MS = 60_000;

export function flowCommands(program: Command, withTerminal: WithTerminal): void {
  program
    .command('flows')
    .description('who talked to whom, with the verdict and the rule')
    .option('-f, --follow', 'show new flows as they come, until Ctrl-C')
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
    .option('--limit <count>', 'at most so many, the newest', '100')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ringfence flows --since 15m --verdict blocked\n  $ ringfence flows --follow -n shop-prod',
    )
    .action((options: FlowOptions) =>
      withTerminal((terminal) =>
        options.follow === true ? follow(terminal, options) : list(terminal, options),
      ),
    );
}

async function list(terminal: Terminal, options: FlowOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 200_000)
    throw usage('--limit: write a number from 1 to 200000');
  const anyone = { include: [[]], exclude: [] };
  const query = await terminal.api.post<FlowQueryObject>('/traffic_flows/async_queries', {
    query_name: 'ringfence flows',
    start_date: sinceInstant(options.since, Date.now()),
    sources: anyone,
    destinations: anyone,
    services: { include: [], exclude: [] },
    policy_decisions: options.verdict === undefined ? [] : [options.verdict],
    // A namespace is no filter of the API: it is applied here, to more flows than are shown.
    max_results: options.namespace === undefined ? limit : Math.min(limit * 20, 200_000),
  });
  await completed(terminal, query.href);
  const flows = await terminal.api.get<Flow[]>(`${query.href}/download`);
  await terminal.api.remove(query.href);
  const rows = flows
    .filter((flow) => concerns(flow, options))
    .slice(0, limit)
    .reverse();
  terminal.write(
    render(
      rows,
      FLOW_COLUMNS,
      terminal.format,
      'No flows. `--since` reaches further back; idle and unmanaged namespaces report none.',
    ),
  );
}

async function completed({ api, signal }: Terminal, href: string): Promise<void> {
  const deadline = Date.now() + QUERY_WITHIN_MS;
  while (Date.now() < deadline && !signal.aborted) {
    const { status, result } = await api.get<{ status: string; result?: { message?: string } }>(href);
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled')
      throw refused(`The query ${status}: ${result?.message ?? 'no reason given'}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw refused('The query took too long; ask for a shorter time with --since.');
}

async function follow(terminal: Terminal, options: FlowOptions): Promise<void> {
  if (terminal.format === 'table') terminal.write(tableOf([], FLOW_COLUMNS, FOLLOW_WIDTHS));
  for await (const { event, data } of terminal.api.events('/stream', terminal.signal)) {
    if (event === 'policy')
      terminal.note(`policy version ${String((data as { version?: string }).version)} was provisioned\n`);
    if (event === 'missed')
      terminal.note(
        `${String((data as { flows?: number }).flows)} flows came faster than they can be shown\n`,
      );
    if (event !== 'flows') continue;
    for (const flow of (data as Flow[]).filter((one) => concerns(one, options))) {
      terminal.write(
        terminal.format === 'table' ? lineOf(flow, FLOW_COLUMNS, FOLLOW_WIDTHS) : `${JSON.stringify(flow)}\n`,
      );
    }
  }
}

function concerns(flow: Flow, { verdict, namespace }: FlowOptions): boolean {
  const namespaces = [flow.src, flow.dst].flatMap((end) => [
    end.workload?.namespace,
    end.namespace,
    end.service?.namespace,
  ]);
  return (
    (verdict === undefined || flow.policy_decision === verdict) &&
    (namespace === undefined || namespaces.includes(namespace))
  );
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function sinceInstant(text: string, nowMs: number): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return new Date(nowMs - Number(count) * (UNITS[unit] ?? 0)).toISOString();
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw usage(`--since: "${text}" is no time; write 30s, 15m, 2h, 7d, or 2026-01-31T12:00:00Z`);
}
