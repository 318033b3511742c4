/** The command line `ringfence-admin`: what one does by hand to a service's state, from where its database and streams can be reached. */
import { Argument, Command, CommanderError, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { migrations } from './commands/migrate.js';
import type { MigrateFlags } from './commands/migrate.js';
import { rebuild } from './commands/rebuild.js';
import { resetPassword } from './commands/reset-password.js';
import { resync } from './commands/resync.js';
import { rewind } from './commands/rewind.js';
import type { RewindFlags } from './commands/rewind.js';
import { isOwner, SERVICES } from './services.js';
import type { Service } from './services.js';
import { EXIT, Failure } from './task.js';
import type { Perform } from './task.js';

export interface Streams {
  out(text: string): void;
  err(text: string): void;
}
const PROCESS_STREAMS: Streams = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

const HELP = `
Where: DATABASE_URL, and for rewind NATS_URL, NATS_CREDS, RINGFENCE_CA, each as the service itself is given it.
The service may run meanwhile. What is interrupted, or done twice, changes nothing that is right.
Exit codes: 0 done, 1 it failed, 2 wrong usage.

Examples:
  $ ringfence-admin rewind flow-ingest
  $ ringfence-admin rebuild inventory workloads
  $ ringfence-admin resync label-resolver
  $ ringfence-admin migrate gateway --dry-run
  $ ringfence-admin reset-password admin@ringfence.local`;

export async function runAdmin(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  streams: Streams = PROCESS_STREAMS,
): Promise<number> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  const perform = (name: string, work: Perform): Promise<void> =>
    work({
      service: serviceNamed(name),
      env,
      write: streams.out,
      note: streams.err,
      signal: interrupted.signal,
    });
  try {
    await commandLine(streams, perform).parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    streams.err(`${pc.red('error:')} ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof Failure ? error.exitCode : EXIT.failed;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function commandLine(streams: Streams, perform: (service: string, work: Perform) => Promise<void>): Command {
  const program = new Command('ringfence-admin')
    .description("Ringfence: what one does by hand to a service's state")
    .addHelpText('after', HELP)
    .configureOutput({ writeOut: streams.out, writeErr: streams.err })
    .exitOverride();
  program
    .command('rebuild')
    .description('build read tables anew from the events, beside the live ones')
    .addArgument(service())
    .argument('[tables...]', 'these only')
    .action((name: string, tables: string[]) => perform(name, rebuild(tables)));
  program
    .command('rewind')
    .description('have a service read again what its streams still keep')
    .addArgument(service())
    .option('--since <time>', 'only what came since then, as 2026-11-21T10:00:00Z', parseTime)
    .option('--said', 'have it publish its events again instead, for a NATS server that lost its files')
    .option('--from <position>', 'with --said: after this event', parsePosition)
    .action((name: string, flags: RewindFlags) => perform(name, rewind(flags)));
  program
    .command('resync')
    .description('have an owner say again what others keep copies of (as `ringfence resync`)')
    .addArgument(service(isOwner))
    .action((name: string) => perform(name, resync));
  program
    .command('migrate')
    .description('run what is pending of the migrations; a service does so at its start')
    .addArgument(service())
    .option('--dry-run', 'run it and take it back: says what is pending, and whether it would succeed')
    .option(
      '--revert',
      'take back the one that ran last, with what is stored in its tables; end the service first',
    )
    .action((name: string, flags: MigrateFlags) => perform(name, migrations(flags)));
  program
    .command('reset-password')
    .description('give a user another password, which is printed; ends his sessions and unlocks him')
    .argument('<username>', 'by which he logs in')
    .action((username: string) => perform('gateway', resetPassword(username)));
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

const service = (isMeant: (service: Service) => boolean = () => true): Argument =>
  new Argument('<service>').choices(SERVICES.filter(isMeant).map(({ database }) => database.service));

const serviceNamed = (name: string): Service => SERVICES.find(({ database }) => database.service === name)!;

function parseTime(text: string): Date {
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('That is no time; write 2026-11-21T10:00:00Z.');
  return new Date(text);
}

function parsePosition(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('That is no position; write a whole number.');
  return Number(text);
}
