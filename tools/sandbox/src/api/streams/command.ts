/** A program and the client that watches it: what one writes the other gets, until the program has ended or the client has gone. */
import { StatusError } from '../status-error.js';
import type { CommandChannels, Outcome } from './command-channels.js';
import type { RunningProgram, TerminalSize } from './containers.js';
import { copy, into } from './copy.js';
import type { StreamSession } from './sessions.js';

/** A client that has gone takes its program along, and is told nothing: that fails. */
export async function serveCommand(
  channels: CommandChannels,
  start: () => Promise<RunningProgram>,
  session: StreamSession,
): Promise<void> {
  await channels.finish(await outcomeOf(channels, start, session));
}

async function outcomeOf(
  channels: CommandChannels,
  start: () => Promise<RunningProgram>,
  session: StreamSession,
): Promise<Outcome> {
  try {
    const program = await start();
    return exited(await run(channels, program, session));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return new StatusError(500, 'InternalError', `Internal error occurred: ${reason}`).toStatus();
  }
}

async function run(
  channels: CommandChannels,
  program: RunningProgram,
  session: StreamSession,
): Promise<number> {
  session.signal.addEventListener('abort', () => program.kill());
  if (session.signal.aborted) program.kill();
  if (channels.input !== undefined && program.input !== undefined) {
    const { input } = program;
    void copy(channels.input, into(input), session).then(() => input.end());
  }
  if (channels.sizes !== undefined) void followSizes(channels.sizes, program);
  await Promise.all([
    copy(program.output, channels.sendOutput, session),
    program.errors === undefined ? undefined : copy(program.errors, channels.sendErrors, session),
  ]);
  return program.ended;
}

/** One JSON text after the other, in pieces of any size. */
async function followSizes(sizes: AsyncIterable<Buffer>, program: RunningProgram): Promise<void> {
  let unread = '';
  try {
    for await (const bytes of sizes) {
      unread += bytes.toString('utf8');
      const texts = unread.match(/\{[^}]*\}/g) ?? [];
      unread = unread.slice(unread.lastIndexOf('}') + 1).slice(0, 100);
      const size = terminalSize(texts.at(-1));
      if (size !== undefined) await program.resize(size);
    }
  } catch {
    // The terminal keeps the size that it had.
  }
}

function terminalSize(text: string | undefined): TerminalSize | undefined {
  if (text === undefined) return undefined;
  const { Width: width, Height: height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
  const isLength = (value: unknown): value is number => Number.isInteger(value) && Number(value) <= 0xffff;
  return isLength(width) && isLength(height) ? { width, height } : undefined;
}

function exited(code: number): Outcome {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}
