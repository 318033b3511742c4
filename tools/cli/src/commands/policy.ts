/** `policy apply | pending | provision`: from a file to the draft, from the draft into force. The others have files of their own. */
import type { Command } from 'commander';
import { render } from '../output.js';
import type { Column } from '../output.js';
import { draftCommands } from './policy-draft.js';
import { showCommand } from './policy-show.js';
import { versionCommands } from './policy-versions.js';
import type { ApplyOptions } from './policy-applying.js';
import { provision, readPending } from './provisioning.js';
import type { Pending, ProvisionOptions } from './provisioning.js';
import { suggestCommand } from './suggest.js';
import { SET_OPTION } from './set-option.js';
import type { Terminal, WithTerminal } from './terminal.js';
import { whatIfCommand } from './what-if.js';

export function policyCommands(program: Command, withTerminal: WithTerminal): void {
  const policy = program
    .command('policy')
    .description('rules: suggest, diff, what-if, apply a file, provision, versions, …');
  policy
    .command('apply')
    .description('make the draft say what documents say; repeating it changes nothing')
    .requiredOption(
      '-f, --file <path>',
      'YAML: a file, or a folder with all its files; - reads standard input',
    )
    .option(...SET_OPTION)
    .option('--provision', 'bring what they name into force at once; what others drafted stays a draft')
    .option('-m, --note <text>', 'why, for the policy version')
    .option('-y, --yes', 'without asking')
    .addHelpText('after', EXAMPLE)
    .action((options: ApplyOptions) =>
      withTerminal(async (terminal) => (await import('./policy-applying.js')).apply(terminal, options)),
    );
  showCommand(policy, withTerminal);
  policy
    .command('pending')
    .description('which objects differ from what is in force; `diff` says how')
    .addHelpText('after', '\nExample:\n  $ ringfence policy pending')
    .action(() => withTerminal(pending));
  policy
    .command('provision')
    .description('bring everything pending into force')
    .option('-m, --note <text>', 'why, for the policy version')
    .option('-y, --yes', 'without asking')
    .addHelpText('after', "\nExample:\n  $ ringfence policy provision -m 'first rules of the shop'")
    .action((options: ProvisionOptions) => withTerminal((terminal) => provision(terminal, options)));
  draftCommands(policy, withTerminal);
  versionCommands(policy, withTerminal);
  whatIfCommand(policy, withTerminal);
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

  $ ringfence policy apply -f shop.yaml --provision -m 'first rules of the shop'
  $ ringfence policy apply -f policies/ --yes --provision
  $ ringfence policy apply -f deploy/templates/ring-fence.yaml --set app=shop --set env=prod`;

const PENDING_COLUMNS: readonly Column<Pending>[] = [
  { title: 'CHANGE', value: ({ update_type: change }) => change },
  { title: 'KIND', value: ({ type }) => type.replaceAll('_', ' ').replace(/ies$/, 'y').replace(/s$/, '') },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'SINCE', value: ({ updated_at: at }) => at },
  { title: 'HREF', wide: true, value: ({ href }) => href },
];

async function pending({ api, columns, format, write }: Terminal): Promise<void> {
  write(
    render(
      await readPending(api),
      columns(PENDING_COLUMNS),
      format,
      'Nothing is pending: the draft is in force.',
    ),
  );
}
