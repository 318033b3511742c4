/** `mode` and `explain`: how strictly a namespace is enforced, and why a connection is allowed or not. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { ExplainResponse } from '@ringfence/contracts';
import { refused, usage } from '../failure.js';
import { renderValue, verdictColour } from '../output.js';
import type { Terminal, WithTerminal } from './terminal.js';

const MODES = ['idle', 'visibility_only', 'selective', 'full'] as const;

interface Profile {
  readonly href: string;
  readonly namespace: string | null;
  readonly managed: boolean;
  readonly enforcement_mode: string;
}

export function enforcementCommands(program: Command, withTerminal: WithTerminal): void {
  program
    .command('mode')
    .description('set how a namespace is enforced; it becomes managed by it')
    .argument('<namespace>')
    .addArgument(new Argument('<mode>').choices(MODES))
    .option('-c, --cluster <id>', 'which cluster, when there are several (or RINGFENCE_CLUSTER_ID)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ringfence mode shop-prod visibility_only   # nothing is dropped, flows say what would be\n  $ ringfence mode shop-prod full              # what no rule allows is dropped',
    )
    .action((namespace: string, mode: string, options: { cluster?: string }) =>
      withTerminal((terminal) => setMode(terminal, namespace, mode, options.cluster)),
    );
  program
    .command('explain')
    .description('why a connection is allowed or not, at both ends')
    .argument('<from>', 'namespace/name, a workload, or an address')
    .argument('<to>', 'the same')
    .argument('<port>', 'such as 8080, 8080/tcp, 53/udp')
    .addOption(
      new Option('--policy <which>', 'policy in force, or the draft')
        .choices(['active', 'draft'])
        .default('active'),
    )
    .addHelpText('after', '\nExample:\n  $ ringfence explain shop-prod/web shop-prod/api 8080')
    .action((from: string, to: string, port: string, options: { policy: string }) =>
      withTerminal((terminal) => explain(terminal, { from, to, ...portOf(port), policy: options.policy })),
    );
}

async function setMode(
  { api, cluster, format, write }: Terminal,
  namespace: string,
  mode: string,
  chosen: string | undefined,
): Promise<void> {
  const id = chosen ?? cluster ?? (await onlyCluster(api));
  const path = `/container_clusters/${encodeURIComponent(id)}/container_workload_profiles`;
  const profiles = await api.all<Profile>(path, { namespace });
  const profile = profiles.find((one) => one.namespace === namespace);
  if (profile === undefined) {
    throw refused(
      `Cluster ${id} has no namespace ${namespace}. It appears when Kubelink reports it; \`kubectl get namespaces\` shows what exists.`,
    );
  }
  // Labels are left as they are: a namespace without any can be managed all the same.
  await api.put(profile.href, { managed: true, enforcement_mode: mode });
  const answer = {
    namespace,
    cluster: id,
    enforcement_mode: mode,
    was: profile.managed ? profile.enforcement_mode : 'unmanaged',
  };
  write(
    format === 'table' ? `${namespace} is now ${mode} (was ${answer.was}).\n` : renderValue(answer, format),
  );
}

async function onlyCluster(api: Terminal['api']): Promise<string> {
  const found = await api.all<{ href: string; name: string }>('/container_clusters');
  const ids = found.map(({ href, name }) => ({ id: href.slice(href.lastIndexOf('/') + 1), name }));
  if (ids.length === 1 && ids[0] !== undefined) return ids[0].id;
  if (ids.length === 0) throw refused('There is no cluster yet.');
  throw usage(
    `There are several clusters; say which with --cluster:\n${ids.map(({ id, name }) => `  ${id}  ${name}`).join('\n')}`,
  );
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
  for (const [side, end] of [
    ['egress', answer.egress],
    ['ingress', answer.ingress],
  ] as const) {
    if (end === null) {
      write(`  ${side.padEnd(8)} not enforced by Ringfence\n`);
      continue;
    }
    const labels = end.labels.length === 0 ? '' : ` [${end.labels.join(' ')}]`;
    write(
      `  ${side.padEnd(8)} ${end.name}${labels}, mode ${end.mode ?? 'none'}: ${verdictColour(end.verdict)}\n`,
    );
    write(`           ${end.reason}${end.rule === null ? '' : ` (${end.rule.name}, ${end.rule.ref})`}\n`);
  }
  write(`\n  policy version ${String(answer.policyVersion)}\n`);
}
