/** `policy versions | restore`: what was in force when, and back to it. */
import type { Command } from 'commander';
import { usage } from '../failure.js';
import { render } from '../output.js';
import type { Column } from '../output.js';
import type { Terminal, WithTerminal } from './terminal.js';

interface VersionBody {
  readonly version: number;
  readonly created_at: string;
  readonly created_by: { readonly href: string };
  readonly commit_message: string;
  readonly workloads_affected: number;
  readonly object_counts: Readonly<Record<string, number>>;
}

export function versionCommands(policy: Command, withTerminal: WithTerminal): void {
  policy
    .command('versions')
    .description('what was provisioned, the newest first')
    .option('--limit <count>', 'at most so many', '20')
    .addHelpText('after', '\nExample:\n  $ ringfence policy versions --limit 5')
    .action(({ limit }: { limit: string }) => withTerminal((terminal) => versions(terminal, limit)));
  policy
    .command('restore')
    .description('make the draft say what an older version said; provisioning brings it into force')
    .argument('<version>', 'a number; `policy versions` lists them')
    .addHelpText('after', '\nExample:\n  $ ringfence policy restore 12')
    .action((version: string) => withTerminal((terminal) => restore(terminal, version)));
}

const COLUMNS: readonly Column<VersionBody>[] = [
  { title: 'VERSION', value: ({ version }) => String(version) },
  { title: 'PROVISIONED', value: ({ created_at: at }) => at.slice(0, 19).replace('T', ' ') },
  { title: 'BY', value: ({ created_by: { href } }) => href },
  { title: 'OBJECTS', value: ({ object_counts: counts }) => String(sum(Object.values(counts))) },
  { title: 'WORKLOADS', value: ({ workloads_affected: affected }) => String(affected) },
  { title: 'NOTE', value: ({ commit_message: note }) => note },
];
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

async function versions({ api, format, write }: Terminal, limit: string): Promise<void> {
  if (!/^[1-9][0-9]{0,4}$/.test(limit)) throw usage('--limit: write a number from 1 to 99999');
  write(
    render(
      await api.get<VersionBody[]>('/sec_policy', { max_results: limit }),
      COLUMNS,
      format,
      'No versions.',
    ),
  );
}

async function restore({ api, write }: Terminal, version: string): Promise<void> {
  if (!/^[1-9][0-9]{0,8}$/.test(version)) throw usage(`version: "${version}" is none; write a number`);
  const pending = await api.post<Readonly<Record<string, readonly unknown[]>>>(
    `/sec_policy/${version}/restore`,
    {},
  );
  const changed = sum(Object.values(pending).map((list) => list.length));
  write(
    changed === 0
      ? `What is in force says already what version ${version} said.\n`
      : `In the draft: ${String(changed)} changed objects lead back to version ${version}. \`ringfence policy diff\` shows them, \`ringfence policy provision\` brings them into force.\n`,
  );
}
