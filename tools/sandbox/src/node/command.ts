/**
 * Programs of the machine (ip, nft, ctr, mount …) as promises. A failure carries the program's own words in one line.
 */
import { spawn } from 'node:child_process';

class CommandFailed extends Error {
  constructor(
    readonly program: string,
    readonly exitCode: number | null,
    readonly output: string,
  ) {
    super(
      `${program} failed (${exitCode ?? 'killed'}): ${output.trim().split('\n').slice(-3).join(' | ') || 'no output'}`,
    );
  }
}

/** The work of a moment, unless the machine has none to spare. */
const usualTimeoutMs = 120_000;

export interface CommandOptions {
  input?: string;
  timeoutMs?: number;
  cwd?: string;
}

export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? usualTimeoutMs,
      cwd: options.cwd,
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    // A program that ends before it has read everything closes the pipe; its exit code says what is wrong.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => reject(new CommandFailed(program, null, error.message)));
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new CommandFailed(program, code, errors || output)),
    );
  });
}

/** For clean-up, where "there is no such thing" is the wanted outcome. */
export async function tryCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string | undefined> {
  try {
    return await runCommand(program, args, options);
  } catch {
    return undefined;
  }
}
