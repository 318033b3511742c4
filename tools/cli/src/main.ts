/** The command line `ringfence`: what it is asked for, and with which exit code it ends. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Command, CommanderError } from 'commander';
import { colours as pc } from './colours.js';
import { apiClient } from './api.client.js';
import { completionCommand } from './commands/completion.js';
import { enforcementCommands } from './commands/enforcement.js';
import { flowCommands } from './commands/flows.js';
import { inventoryCommands } from './commands/inventory.js';
import { labelCommand } from './commands/label.js';
import { mapCommand } from './commands/map.js';
import { policyCommands } from './commands/policy.js';
import { resyncCommand } from './commands/resync.js';
import type { Terminal, WithTerminal } from './commands/terminal.js';
import { EXIT, Failure, usage } from './failure.js';
import type { ExitCode } from './failure.js';
import { FORMATS, isFormat } from './output.js';
import { readSettings } from './settings.js';

export interface Streams {
  out(text: string): void;
  err(text: string): void;
  /** A line from whoever sits at a terminal; undefined: nobody does. */
  readonly ask?: (question: string) => Promise<string>;
}
const PROCESS_STREAMS: Streams = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  ...(process.stdin.isTTY && process.stderr.isTTY && { ask: askAtTerminal }),
};

async function askAtTerminal(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

const HELP = `
Where: RINGFENCE_URL, RINGFENCE_ORG_ID, RINGFENCE_API_KEY, RINGFENCE_API_SECRET, RINGFENCE_CLUSTER_ID, or .ringfence/env
here or in a folder above, or --data FOLDER. Exit codes: 0 done, 1 refused by the server, 2 wrong usage, 3 the server cannot be reached.

Examples:
  $ ringfence status
  $ ringfence flows --follow --verdict blocked
  $ ringfence policy suggest shop-prod -o shop.yaml
  $ ringfence map -o shop.svg
  $ ringfence policy apply -f shop.yaml --provision
  $ ringfence mode shop-prod full
  $ ringfence explain shop-prod/web shop-prod/api 8080`;

export async function runCommandLine(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  directory: string,
  streams: Streams = PROCESS_STREAMS,
): Promise<number> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  let code: ExitCode = EXIT.ok;
  const end = (ended: ExitCode): void => void (code = ended);
  try {
    const program = commandLine(env, directory, streams, { signal: interrupted.signal, end });
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return explainFailure(error, streams);
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function commandLine(
  env: NodeJS.ProcessEnv,
  directory: string,
  streams: Streams,
  run: Pick<Terminal, 'signal' | 'end'>,
): Command {
  const program = new Command('ringfence')
    .description('Ringfence: who may talk to whom in your clusters')
    .option(
      '-o, --output <format>',
      `how to answer: ${FORMATS.join(', ')}; some commands write a file`,
      'table',
    )
    .option('--data <folder>', 'where `npm start` keeps its data, instead of the nearest .ringfence')
    .version(versionOfThis(), '-V, --version', 'of this command line')
    .addHelpText('after', HELP)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: streams.out, writeErr: streams.err })
    .exitOverride();
  const withTerminal: WithTerminal = async (work, { mayWriteFile } = { mayWriteFile: false }) => {
    const { output, data } = program.opts<{ output: string; data?: string }>();
    if (!isFormat(output) && !mayWriteFile) throw usage(`-o ${output}: write one of ${FORMATS.join(', ')}`);
    const settings = readSettings(env, directory, data);
    await work({
      api: apiClient(settings),
      ...answerAs(output),
      cluster: settings.cluster,
      kubeconfig: settings.kubeconfig,
      write: streams.out,
      note: streams.err,
      agrees: async (question) =>
        streams.ask === undefined || /^y(es)?$/i.test((await streams.ask(`${question} [y/N] `)).trim()),
      ...run,
    });
  };
  inventoryCommands(program, withTerminal);
  labelCommand(program, withTerminal);
  flowCommands(program, withTerminal);
  mapCommand(program, withTerminal);
  policyCommands(program, withTerminal);
  enforcementCommands(program, withTerminal);
  resyncCommand(program, withTerminal);
  completionCommand(program, streams.out);
  inheritSettings(program);
  return program;
}

/** What is no format is a file. */
function answerAs(output: string): Pick<Terminal, 'format' | 'file' | 'columns'> {
  const isWide = output === 'wide';
  return {
    format: isFormat(output) && !isWide ? output : 'table',
    file: isFormat(output) ? undefined : output,
    columns: (all) => all.filter(({ wide }) => isWide || wide !== true),
  };
}

/** Commander copies these to commands made by the program, not to commands of commands. Who is wrong is shown how it is written. */
function inheritSettings(command: Command, path = command.name()): void {
  for (const child of command.commands) {
    const name = `${path} ${child.name()}`;
    child.copyInheritedSettings(command);
    child.showHelpAfterError(`Usage: ${name} ${child.usage()}\n\`${name} --help\` says more.`);
    inheritSettings(child, name);
  }
}

const versionOfThis = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;

function explainFailure(error: unknown, streams: Streams): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof Failure) {
    streams.err(`${pc.red('error:')} ${error.message}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? error.message : String(error);
  streams.err(`${pc.red('error:')} ${text}\n`);
  return EXIT.refused;
}
