/** `policy show`: the rules of a version, a line for each. */
import type { Command } from 'commander';
import { colours as pc } from '../colours.js';
import { usage } from '../failure.js';
import { render } from '../output.js';
import type { Column } from '../output.js';
import type { Terminal, WithTerminal } from './terminal.js';

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

export function showCommand(policy: Command, withTerminal: WithTerminal): void {
  policy
    .command('show')
    .description('the rules in force, of the draft, or of an older version')
    .argument('[version]', 'active, draft, or a number; `policy versions` lists them', versionOf, 'active')
    .addHelpText('after', '\nExamples:\n  $ ringfence policy show draft\n  $ ringfence policy show 12')
    .action((version: string) => withTerminal((terminal) => show(terminal, version)));
}

export function versionOf(text: string): string {
  if (text !== 'active' && text !== 'draft' && !/^[1-9][0-9]{0,8}$/.test(text))
    throw usage(`version: "${text}" is none; write active, draft, or a number`);
  return text;
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
  { title: 'HREF', wide: true, value: ({ href }) => href },
];

async function show({ api, columns, format, write }: Terminal, version: string): Promise<void> {
  const [sets, boundaries, services] = await Promise.all([
    api.all<RuleSetBody>(`/sec_policy/${version}/rule_sets`),
    api.all<RuleBody & { name: string }>(`/sec_policy/${version}/enforcement_boundaries`),
    api.all<{ href: string; name: string }>(`/sec_policy/${version}/services`),
  ]);
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
  write(render(all, columns(RULE_COLUMNS), format, 'No rules.'));
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
