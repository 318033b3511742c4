/** `essentials` and `explain`: what a node lets through in any case, and why a connection is allowed or not. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ExplainResponse, InForce } from '@ringfence/contracts';
import { usage } from '../failure.js';
import { sinceInstant } from '../graph/flow-query.js';
import { render, renderValue, verdictColour } from '../output.js';
import type { Column } from '../output.js';
import { modeCommand } from './mode.js';
import { pairedNode } from './paired-node.js';
import type { EssentialRule } from './paired-node.js';
import type { Terminal, WithTerminal } from './terminal.js';

export function enforcementCommands(program: Command, withTerminal: WithTerminal): void {
  modeCommand(program, withTerminal);
  program
    .command('essentials')
    .description(
      'what a node lets through whatever the policy says: who needs it, for what, and what changes it',
    )
    .argument('<node>')
    .option(
      '--admin <ports>',
      'by which TCP ports administrators reach it, and from where; agent: as the agent is set',
    )
    .option('--confirm', 'also where administrators are then let in from less than now')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ringfence essentials node-1\n  $ ringfence essentials node-1 --admin 22@10.0.0.0/8+192.0.2.7/32,9100@10.1.0.9/32 --confirm',
    )
    .action((name: string, { admin, confirm }: { admin?: string; confirm?: boolean }) =>
      withTerminal((terminal) =>
        admin === undefined
          ? essentials(terminal, name)
          : setAdminPorts(terminal, name, { admin, confirm: confirm === true }),
      ),
    );
  program
    .command('explain')
    .description('why a connection is allowed or not, at both ends')
    .argument(
      '<from>',
      'namespace/name of a workload or Pod, a node, or an address; pod:, node:, … in front says which',
    )
    .argument('<to>', 'the same, or a Service')
    .argument('<port>', 'such as 8080, 8080/tcp, 53/udp')
    .addOption(
      new Option('--policy <which>', 'policy in force, or the draft')
        .choices(['active', 'draft'])
        .default('active'),
    )
    .option('-c, --cluster <id>', 'which cluster, when several have such ends')
    .option('--at <time>', 'as it was then: 30m or 2d ago, or 2026-01-31T12:00:00Z')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ringfence explain shop-prod/web shop-prod/api 8080\n  $ ringfence explain pod:shop-prod/web-5d9c service:shop-prod/api 80\n  $ ringfence explain node-1 10.244.1.7 8080',
    )
    .action((from: string, to: string, port: string, { at, ...options }: ExplainOptions) =>
      withTerminal((terminal) =>
        explain(terminal, {
          ...{ from, to, ...portOf(port), ...options },
          ...(at !== undefined && { at: sinceInstant(at, Date.now(), '--at') }),
        }),
      ),
    );
}

interface ExplainOptions {
  readonly policy: string;
  readonly cluster?: string;
  readonly at?: string;
}

async function essentials({ api, format, write }: Terminal, name: string): Promise<void> {
  const { agent, enforcement_mode: mode } = await pairedNode(api, name);
  const rules = agent.essential_rules ?? [];
  if (format === 'table') {
    const meaning = mode === 'full' || mode === 'selective' ? '' : ', so nothing else is dropped either';
    write(`${name} is ${mode}${meaning}. Whatever the policy says, it lets through:\n\n`);
  }
  write(render(rules, ESSENTIAL_COLUMNS, format, 'The agent has not told them yet.'));
}

/** Without `confirm` the answer to what would shut somebody out names whom. */
async function setAdminPorts(
  { api, format, write }: Terminal,
  name: string,
  { admin, confirm }: { admin: string; confirm: boolean },
): Promise<void> {
  const ports = admin === 'agent' ? null : adminPortsOf(admin);
  const { href } = await pairedNode(api, name);
  await api.put(href, { ringfence_admin_ports: ports, ...(confirm && { confirm: true }) });
  const answer = { node: name, ringfence_admin_ports: ports };
  write(
    format === 'table'
      ? `${name} is asked to let administrators in ${ports === null ? 'as its agent is set' : `by ${admin}`}.\n`
      : renderValue(answer, format),
  );
}

/** `22@10.0.0.0/8+192.0.2.7/32,9100`; what is no port or CIDR the control plane refuses by name. */
const adminPortsOf = (text: string): { port: number; cidrs: string[] | null }[] =>
  text.split(',').map((each) => {
    const [port = '', networks] = each.split('@');
    return { port: Number(port), cidrs: networks?.split('+') ?? null };
  });

const ESSENTIAL_COLUMNS: readonly Column<EssentialRule>[] = [
  { title: 'DIRECTION', value: ({ direction }) => (direction === 'ingress' ? 'in' : 'out') },
  { title: 'PORTS', value: ({ ports }) => ports.map(portWords).join(' ') },
  { title: 'WHO', value: ({ who }) => whoWords(who) },
  { title: 'FOR', value: ({ purpose }) => purpose },
  { title: 'FOLLOWS', value: ({ follows }) => follows },
];
const MOST_NAMED = 4;

function whoWords(who: readonly string[]): string {
  if (who.length === 0) return 'nobody';
  const more = who.length > MOST_NAMED ? [`and ${String(who.length - MOST_NAMED)} more`] : [];
  return [...who.slice(0, MOST_NAMED), ...more].join(', ');
}

function portWords({ proto, from, to = from }: EssentialRule['ports'][number]): string {
  const name =
    Object.entries(PROTOCOLS).find(([, number]) => number === proto)?.[0] ?? `protocol ${String(proto)}`;
  if (from === undefined) return name;
  return from === to ? `${String(from)}/${name}` : `${String(from)}-${String(to)}/${name}`;
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1 };

export function portOf(text: string): { port: number; proto: number } {
  const [, port, name = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|icmp))?$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw usage(`port: "${text}" is none; write 8080, 8080/tcp or 53/udp`);
  return { port: Number(port), proto: PROTOCOLS[name] ?? 6 };
}

async function explain({ api, format, write }: Terminal, question: object): Promise<void> {
  const answer = await api.post<ExplainResponse>('/explain', question);
  if (format !== 'table') return write(renderValue(answer, format));
  write(`${verdictColour(answer.verdict)}  ${answer.summary}\n\n`);
  showEnd('egress', answer.egress, write);
  showEnd('ingress', answer.ingress, write);
  for (const rule of answer.nearest) write(`\n  nearest: ${rule}\n`);
  for (const note of answer.notes) write(`\n  note: ${note}\n`);
  const basis = answer.basis === 'cluster' ? 'judged by the cluster' : 'judged by the control plane';
  const then = answer.at === null ? '' : `, as it was at ${answer.at}`;
  write(`\n  policy version ${String(answer.policyVersion)}, ${basis}${then}\n`);
}

function showEnd(side: string, end: ExplainResponse['egress'], write: Terminal['write']): void {
  if (end === null) return write(`  ${side.padEnd(8)} not enforced by Ringfence\n`);
  const labels = end.labels.length === 0 ? '' : ` [${end.labels.join(' ')}]`;
  const sees = end.sees === null ? '' : `, sees ${end.sees}`;
  write(
    `  ${side.padEnd(8)} ${end.name}${labels}, mode ${end.mode ?? 'none'}${sees}: ${verdictColour(end.verdict)}\n`,
  );
  write(`           ${end.reason}${end.rule === null ? '' : ` (${end.rule.ref})`}\n`);
  for (const { label, from } of end.origins) write(`           ${label}: ${from}\n`);
  for (const { annotation, value, message } of end.refused)
    write(`           refused ${annotation}: ${value}: ${message}\n`);
  if (end.inForce !== null && end.inForce.state !== 'yes') write(`           ${inForceText(end.inForce)}\n`);
}

function inForceText({ state, node, since, message }: InForce): string {
  const where = node === null ? '' : ` on ${node}`;
  const when = since === null ? '' : ` since ${since}`;
  return `${state === 'no' ? 'not in force' : 'not known to be in force'}${where}${when}: ${message}`;
}
