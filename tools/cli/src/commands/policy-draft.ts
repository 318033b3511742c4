/** `policy diff | revert | delete | export`: what the draft would change, taking it back, and policy as a file. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import { refused, usage } from '../failure.js';
import { printable, renderValue } from '../output.js';
import { COLLECTIONS, readPolicy } from '../policy-in-words.js';
import { KIND_WORDS, NAMED_KINDS } from '../policy-kinds.js';
import type { NamedKind } from '../policy-kinds.js';
import { writePolicy } from '../policy-text.js';
import { errorsAreTwo } from './errors-are-two.js';
import type { NetworkPolicyOptions } from './network-policies.js';
import { versionOf } from './policy-show.js';
import type { DiffOptions } from './policy-diff.js';
import { readPending, subsetOf } from './provisioning.js';
import { SET_OPTION } from './set-option.js';
import type { Terminal, WithTerminal } from './terminal.js';

/** As they are typed: `rule-set`, `ip-list`, … */
const TYPED: ReadonlyMap<string, NamedKind> = new Map(
  NAMED_KINDS.map((kind) => [KIND_WORDS[kind].toLowerCase().replace(' ', '-'), kind]),
);

export function draftCommands(policy: Command, withTerminal: WithTerminal): void {
  policy
    .command('diff')
    .description('what the draft, or documents, would change in force, and for whom; nothing is stored')
    .option(
      '-f, --file <path>',
      'as if these were applied and provisioned: a file or a folder; - reads standard input',
    )
    .option(...SET_OPTION)
    .option('--flows <time>', 'judge the flows stored since: 30m, 2h, 7d, or 2026-01-31T12:00:00Z', '1h')
    .addOption(new Option('--since <time>', 'the same').hideHelp())
    .option('--no-what-if', 'only what differs, not for whom')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing would change, 1 something would, 2 it could not be said.\n\nExamples:\n  $ ringfence policy diff\n  $ ringfence policy diff -f policies/ --flows 7d -o json',
    )
    .action(({ since, ...options }: DiffOptions & { readonly since?: string }) =>
      withTerminal(async (terminal) =>
        errorsAreTwo(
          (await import('./policy-diff.js')).diff(terminal, { ...options, flows: since ?? options.flows }),
        ),
      ),
    );
  policy
    .command('revert')
    .description('take back what is pending: the draft is again what is in force')
    .argument('[names...]', 'only the objects of these names; without: everything, also what others drafted')
    .option('-y, --yes', 'without asking')
    .addHelpText('after', '\nExample:\n  $ ringfence policy revert "shop prod"')
    .action((names: string[], { yes }: { yes?: boolean }) =>
      withTerminal((terminal) => revert(terminal, names, yes === true)),
    );
  policy
    .command('delete')
    .description('delete an object in the draft; provisioning brings that into force')
    .addArgument(new Argument('<kind>', 'what it is').choices([...TYPED.keys()]))
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  $ ringfence policy delete rule-set "shop prod"')
    .action((kind: string, name: string) =>
      withTerminal((terminal) => remove(terminal, TYPED.get(kind)!, name)),
    );
  policy
    .command('export')
    .description('policy as documents that `policy apply -f` takes')
    .argument('[version]', 'active, draft, or a number', versionOf, 'active')
    .option('-f, --file <path>', 'write it there; a folder gets a file for each kind')
    .addOption(
      new Option('--as <form>', 'NetworkPolicies of Kubernetes: for clusters without agents').choices([
        'network-policies',
      ]),
    )
    .option('--rule-set <names...>', 'of NetworkPolicies: these rule sets; without: all')
    .option('--namespace <names...>', 'of NetworkPolicies: for these; without: all that are managed')
    .option(
      '--pod-label <type=key...>',
      'of NetworkPolicies: which Kubernetes label of Pods carries a label type',
    )
    .option('--no-dns', 'of NetworkPolicies: do not let everybody ask the DNS of the cluster')
    .addHelpText('after', EXPORT_EXAMPLES)
    .action((version: string, { as, ...options }: ExportOptions) =>
      withTerminal(async (terminal) =>
        as === undefined
          ? exportPolicy(terminal, version, options.file)
          : (await import('./network-policies.js')).exportNetworkPolicies(terminal, version, options),
      ),
    );
}

type ExportOptions = NetworkPolicyOptions & { readonly as?: string };
const EXPORT_EXAMPLES = `
Examples:
  $ ringfence policy export > policy.yaml
  $ ringfence policy export draft -f policies/
  $ ringfence policy export --as network-policies --rule-set shop --pod-label role=app.kubernetes.io/component > shop.yaml`;

async function revert(terminal: Terminal, names: readonly string[], yes: boolean): Promise<void> {
  const { api, note } = terminal;
  const pending = await readPending(api);
  const chosen = names.length === 0 ? pending : pending.filter(({ name }) => names.includes(name));
  const missing = names.filter((name) => !chosen.some((one) => one.name === name));
  if (missing.length > 0)
    throw refused(
      `Nothing pending is called ${missing.join(', ')}; \`ringfence policy pending\` shows what is.`,
    );
  if (chosen.length === 0) return note('Nothing is pending: the draft is in force.\n');
  for (const { type, name, update_type: change } of chosen)
    note(`${change} of ${type.replaceAll('_', ' ')}: ${name}\n`);
  if (!yes && !(await terminal.agrees(`Take back these ${String(chosen.length)}?`)))
    return note('Nothing was taken back.\n');
  await api.put('/sec_policy/delete', { change_subset: subsetOf(chosen) });
  terminal.write(`Taken back: ${String(chosen.length)} changed objects.\n`);
}

async function remove({ api, write }: Terminal, kind: NamedKind, name: string): Promise<void> {
  const found = await api.all<{ href: string; name: string }>(`/sec_policy/draft/${COLLECTIONS[kind]}`, {
    name,
  });
  // The filter of the API is a partial match.
  const [only, ...more] = found.filter((one) => one.name === name);
  if (only === undefined) throw refused(`There is no ${KIND_WORDS[kind]} "${name}".`);
  if (more.length > 0)
    throw usage(
      `There are ${String(more.length + 1)} of the name "${name}"; delete one by its href over REST.`,
    );
  await api.remove(only.href);
  write(
    `Deleted ${KIND_WORDS[kind]} "${name}" in the draft: \`ringfence policy diff\` shows what that changes.\n`,
  );
}

async function exportPolicy(
  { api, format, write, note }: Terminal,
  version: string,
  file: string | undefined,
): Promise<void> {
  const { policy, labels, unsaid } = await readPolicy(api, version);
  for (const what of unsaid) note(`Left out, because documents have no words for it: ${printable(what)}\n`);
  const { label_types: types, firewall_settings: settings, ...objects } = policy;
  const [firewall] = settings;
  const whole = { label_types: types, labels, ...objects, ...(firewall && { firewall_settings: firewall }) };
  if (format === 'json') return write(renderValue(whole, format));
  for (const path of await writePolicy(whole, file, write)) note(`Written to ${path}.\n`);
}
