/** `policy apply | show | pending | provision`: from a file to the draft, from the draft into force. */
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import pc from 'picocolors';
import { usage } from '../failure.js';
import { render, renderValue } from '../output.js';
import type { Column } from '../output.js';
import { applyPolicy } from '../policy-apply.js';
import type { Applied } from '../policy-apply.js';
import { parsePolicyFile } from '../policy-file.js';
import { suggestCommand } from './suggest.js';
import type { Terminal, WithTerminal } from './terminal.js';

interface Pending {
  readonly type: string;
  readonly name: string;
  readonly update_type: string;
  readonly updated_at: string;
}
interface RuleSetBody {
  readonly name: string;
  readonly enabled: boolean;
  readonly scopes: readonly (readonly Actor[])[];
  readonly rules: readonly RuleBody[];
  readonly deny_rules: readonly RuleBody[];
}
interface RuleBody {
  readonly href: string;
  readonly enabled: boolean;
  readonly providers: readonly Actor[];
  readonly consumers: readonly Actor[];
  readonly ingress_services: readonly {
    readonly href?: string;
    readonly name?: string;
    readonly proto?: number;
    readonly port?: number;
    readonly to_port?: number;
  }[];
  readonly unscoped_consumers?: boolean;
  readonly override?: boolean;
}
interface Reference {
  readonly name?: string;
  readonly href?: string;
}
interface Actor {
  readonly actors?: string;
  readonly exclusion?: boolean;
  readonly label?: { readonly key?: string; readonly value?: string };
  readonly label_group?: Reference;
  readonly ip_list?: Reference;
  readonly workload?: Reference;
}

export function policyCommands(program: Command, withTerminal: WithTerminal): void {
  const policy = program.command('policy').description('policy: apply a file, show, pending, provision');
  policy
    .command('apply')
    .description('make the draft say what a file says; repeating it changes nothing')
    .requiredOption('-f, --file <path>', 'YAML; - reads standard input')
    .option('--provision', 'bring the changes into force at once')
    .option('-m, --note <text>', 'why, for the policy version')
    .addHelpText('after', EXAMPLE)
    .action((options: { file: string; provision?: boolean; note?: string }) =>
      withTerminal((terminal) => apply(terminal, options)),
    );
  policy
    .command('show')
    .description('the rules in force, or of the draft')
    .addOption(new Option('--version <version>', 'which').choices(['active', 'draft']).default('active'))
    .action((options: { version: string }) => withTerminal((terminal) => show(terminal, options.version)));
  policy
    .command('pending')
    .description('what the draft would change')
    .action(() => withTerminal(pending));
  policy
    .command('provision')
    .description('bring everything pending into force')
    .option('-m, --note <text>', 'why, for the policy version')
    .action((options: { note?: string }) => withTerminal((terminal) => provision(terminal, options.note)));
  suggestCommand(policy, withTerminal);
}

const EXAMPLE = `
Example of a file:
  labels: [{ key: app, value: shop }, { key: env, value: prod }, { key: role, value: web }, { key: role, value: api }]
  ip_lists: [{ name: office, ranges: [10.0.0.0/8, '!10.9.0.0/16'] }]
  services: [{ name: web, ports: [8080/tcp, 9000-9010/udp] }]
  rule_sets:
    - name: shop
      scopes: [{ app: shop, env: prod }]
      rules:
        - { from: { role: web }, to: { role: api }, on: [8080/tcp] }
        - { from: { ip_list: office }, to: { role: web }, on: [web] }
        - { from: { container_host: true }, to: all, on: [all], extra_scope: true }
      deny_rules:
        - { from: { env: dev }, to: all, on: [all], extra_scope: true }
  boundaries:
    - { name: no ssh, from: all, to: all, on: [22/tcp] }

  $ ringfence policy apply -f shop.yaml --provision -m 'first rules of the shop'`;

const CHANGE_COLOURS = { created: pc.green, changed: pc.yellow, unchanged: pc.dim };
const APPLIED_COLUMNS: readonly Column<Applied>[] = [
  {
    title: 'CHANGE',
    value: ({ change }) => change,
    colour: (text, { change }) => CHANGE_COLOURS[change](text),
  },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'NAME', value: ({ name }) => name },
];

async function apply(
  terminal: Terminal,
  options: { file: string; provision?: boolean; note?: string },
): Promise<void> {
  const parsed = parsePolicyFile(
    await readText(options.file),
    options.file === '-' ? 'standard input' : options.file,
  );
  const applied = await applyPolicy(terminal.api, parsed);
  terminal.write(render(applied, APPLIED_COLUMNS, terminal.format, 'The file names nothing.'));
  if (options.provision === true) return provision(terminal, options.note ?? `applied ${options.file}`);
  if (applied.some(({ change, kind }) => change !== 'unchanged' && kind !== 'label')) {
    terminal.note('Not in force yet: `ringfence policy provision` brings it into force.\n');
  }
}

async function readText(path: string): Promise<string> {
  if (path !== '-') {
    return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw usage(
        `${path} cannot be read: ${cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message)}`,
      );
    });
  }
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

async function readPending(api: Terminal['api']): Promise<Pending[]> {
  const buckets = await api.get<Readonly<Record<string, readonly Pending[]>>>('/sec_policy/pending');
  return Object.entries(buckets).flatMap(([type, list]) => list.map((one) => ({ ...one, type })));
}

const PENDING_COLUMNS: readonly Column<Pending>[] = [
  { title: 'CHANGE', value: ({ update_type: change }) => change },
  { title: 'KIND', value: ({ type }) => type.replaceAll('_', ' ').replace(/ies$/, 'y').replace(/s$/, '') },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'SINCE', value: ({ updated_at: at }) => at },
];

async function pending({ api, format, write }: Terminal): Promise<void> {
  write(
    render(await readPending(api), PENDING_COLUMNS, format, 'Nothing is pending: the draft is in force.'),
  );
}

async function provision(
  { api, format, write, note: tell }: Terminal,
  note: string | undefined,
): Promise<void> {
  const changes = await readPending(api);
  if (changes.length === 0) return tell('Nothing is pending: the draft is in force.\n');
  const version = await api.post<{ version: number; workloads_affected: number | null }>('/sec_policy', {
    update_description: note ?? '',
  });
  if (format !== 'table') return write(renderValue(version, format));
  write(
    `Policy version ${String(version.version)} is provisioned: ${String(changes.length)} changed objects, ${String(version.workloads_affected ?? 0)} workloads affected. \`ringfence status\` says where it is in force.\n`,
  );
}

interface ShownRule {
  readonly rule_set: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly on: string;
  readonly enabled: boolean;
  readonly href: string;
}
const RULE_COLUMNS: readonly Column<ShownRule>[] = [
  { title: 'RULE SET', value: (rule) => rule.rule_set },
  {
    title: 'KIND',
    value: ({ kind }) => kind,
    colour: (text, { kind }) => (kind === 'allow' ? pc.green(text) : pc.red(text)),
  },
  { title: 'FROM', value: ({ from }) => from },
  { title: 'TO', value: ({ to }) => to },
  { title: 'ON', value: ({ on }) => on },
  { title: 'ENABLED', value: ({ enabled }) => (enabled ? 'yes' : 'no') },
];

async function show({ api, format, write }: Terminal, version: string): Promise<void> {
  const sets = await api.all<RuleSetBody>(`/sec_policy/${version}/rule_sets`);
  const boundaries = await api.all<RuleBody & { name: string }>(
    `/sec_policy/${version}/enforcement_boundaries`,
  );
  const services = await api.all<{ href: string; name: string }>(`/sec_policy/${version}/services`);
  const serviceNames = new Map(services.map(({ href, name }) => [href, name]));
  const shown = (rule: RuleBody, set: string, kind: string, enabled: boolean): ShownRule => ({
    rule_set: set,
    kind,
    from: `${rule.consumers.map(actorName).join(' ')}${rule.unscoped_consumers === true ? ' (extra-scope)' : ''}`,
    to: rule.providers.map(actorName).join(' '),
    on: rule.ingress_services.map((service) => serviceName(service, serviceNames)).join(' '),
    enabled,
    href: rule.href,
  });
  const rows = sets.flatMap((set) => {
    const name = `${set.name} [${set.scopes.map((scope) => scope.map(actorName).join(' ') || 'all').join(' | ') || 'all'}]`;
    return [
      ...set.rules.map((rule) => shown(rule, name, 'allow', set.enabled && rule.enabled)),
      ...set.deny_rules.map((rule) =>
        shown(rule, name, rule.override === true ? 'override deny' : 'deny', set.enabled && rule.enabled),
      ),
    ];
  });
  const all = [
    ...rows,
    ...boundaries.map((boundary) => shown(boundary, `boundary ${boundary.name}`, 'deny', boundary.enabled)),
  ];
  write(render(all, RULE_COLUMNS, format, 'No rules.'));
}

function actorName(actor: Actor): string {
  return `${actor.exclusion === true ? 'not ' : ''}${bareName(actor)}`;
}

function bareName({ actors, label, ...references }: Actor): string {
  if (actors !== undefined) return actors === 'ams' ? 'all' : actors;
  if (label !== undefined) return `${label.key ?? '?'}=${label.value ?? '?'}`;
  const [reference] = [references.label_group, references.ip_list, references.workload].filter(
    (one) => one !== undefined,
  );
  return reference?.name ?? reference?.href ?? '?';
}

function serviceName(
  service: RuleBody['ingress_services'][number],
  names: ReadonlyMap<string, string>,
): string {
  if (service.href !== undefined) return service.name ?? names.get(service.href) ?? service.href;
  const proto = service.proto === 6 ? 'tcp' : service.proto === 17 ? 'udp' : String(service.proto);
  return `${String(service.port)}${service.to_port === undefined ? '' : `-${String(service.to_port)}`}/${proto}`;
}
