/** `resync`: lets an owner say again what others keep copies of. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Argument } from 'commander';
import type { Command } from 'commander';
import { renderValue } from '../output.js';
import type { Terminal, WithTerminal } from './terminal.js';

const OWNERS = ['inventory', 'label-resolver', 'policy-compute'] as const;
const LOOK_EVERY_MS = 500;

interface Progress {
  readonly service: string;
  readonly said: number;
  readonly position: number;
  readonly upto: number;
  readonly done: boolean;
}

export function resyncCommand(program: Command, withTerminal: WithTerminal): void {
  program
    .command('resync')
    .description('let an owner say again what others keep copies of, after one of their databases was lost')
    .addArgument(new Argument('<owner>', 'whose facts').choices(OWNERS))
    .addHelpText(
      'after',
      '\nExample:\n  $ ringfence resync inventory\n\nEnforcement goes on untouched. Ctrl-C ends the watching only: the owner goes on by itself.',
    )
    .action((owner: string) => withTerminal((terminal) => resync(terminal, owner)));
}

async function resync({ api, format, write, note, signal }: Terminal, service: string): Promise<void> {
  let progress = await api.post<Progress>('/resync', { service });
  while (!progress.done && !signal.aborted) {
    note(
      `${service}: ${progress.said} said again, looked through ${progress.position} of ${progress.upto}\n`,
    );
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    progress = await api.post<Progress>('/resync', { service, begin: false });
  }
  write(format === 'table' ? sentenceOf(progress) : renderValue(progress, format));
}

const sentenceOf = ({ service, said, done }: Progress): string =>
  done
    ? `${service} has said ${said} events again\n`
    : `${service} goes on by itself, ${said} events so far\n`;
