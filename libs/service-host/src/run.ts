/** The process around a service: signals, exit codes, and errors that nobody caught. A main.ts is one call to `run`. */
import type { z } from 'zod';
import { CONFIGURATION_EXIT_CODE, ConfigurationError } from './environment.js';
import type { HostedService, StartRefused } from './host.js';
import { startHosted } from './start-hosted.js';
import type { HostedProcess } from './start-hosted.js';

const DRAIN_WITHIN_MS = 10_000;

export function run<Schema extends z.ZodType>(service: HostedService<Schema>): void {
  void runProcess(service).catch((error: unknown) => leave(service.manifest.service, error));
}

async function runProcess<Schema extends z.ZodType>(service: HostedService<Schema>): Promise<void> {
  const hosted = await startHosted(service, process.env);
  process.on('unhandledRejection', (error) => crash(hosted, error));
  process.on('uncaughtException', (error) => crash(hosted, error));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(hosted, signal));
  await hosted.started;
  hosted.logger.info('started');
}

let isEnding = false;

async function end(hosted: HostedProcess, signal: string): Promise<void> {
  // Asked twice: somebody is waiting at a terminal.
  if (isEnding) process.exit(1);
  isEnding = true;
  hosted.logger.info({ signal }, 'ending');
  setTimeout(() => {
    hosted.logger.warn({ afterMs: DRAIN_WITHIN_MS }, 'ended before everything was finished');
    process.exit(1);
  }, DRAIN_WITHIN_MS).unref();
  await hosted.stop();
  process.exit(0);
}

function crash(hosted: HostedProcess, error: unknown): void {
  hosted.logger.fatal({ err: error }, 'unexpected error');
  process.exit(1);
}

/** What stopped the start. Words for a person where a person can help, a stack where only a programmer can. */
function leave(service: string, error: unknown): void {
  // The start was given up because the process is ending; `end` finishes.
  if (isEnding) return;
  if (error instanceof ConfigurationError) {
    for (const line of error.lines) say(`${service}: ${line}`);
    process.exit(CONFIGURATION_EXIT_CODE);
  }
  if (isForAPerson(error)) {
    say(`${service}: ${error.message}`);
    process.exit(error.exitCode);
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
}

/** Also what a lib refuses that knows of no host (a database that is too old): an error that has an exit code. */
const isForAPerson = (error: unknown): error is Error & Pick<StartRefused, 'exitCode'> =>
  error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number';

/** To a person at a terminal or in a container's log: there may be no logger yet. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
