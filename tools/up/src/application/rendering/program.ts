/** A program of somebody else's that makes text of files, run within bounds; what it complains of becomes a few lines. */
import { spawnSync } from 'node:child_process';

/** A remote base or a chart's templates may take their time; kustomize itself gives git 27 s. */
const LONGEST_MS = 60_000;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_LINES = 6;
const LONGEST_LINE = 400;
/** What helps only who develops charts, or speaks of the machine. */
const SAYS_NOTHING = /^(Use --debug flag|WARNING:|warn|level=WARN)|"command failed" err=<$|^>?$/i;

export class ProgramRefusal extends Error {}

/** What it wrote; a `ProgramRefusal` in its own words when it fails. */
export function outputOf(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...{ cwd, encoding: 'utf8', timeout: LONGEST_MS, killSignal: 'SIGKILL', maxBuffer: MOST_BYTES },
    stdio: ['ignore', 'pipe', 'pipe'],
    // It never asks: nobody sees the question.
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
  });
  if (status === 0 && !error) return stdout;
  throw new ProgramRefusal(error ? whyEnded(error) : complaint(stderr.replaceAll(`${cwd}/`, '')));
}

function whyEnded(error: NodeJS.ErrnoException): string {
  if (error.code === 'ETIMEDOUT') return `it was not done after ${LONGEST_MS / 1000} s`;
  if (error.code === 'ENOBUFS') return 'it wrote more than 64 MiB';
  return error.message;
}

export function complaint(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => plain(line.trim()))
    .filter((line) => !SAYS_NOTHING.test(line));
  return lines.slice(0, MOST_LINES).map(shortened).join('\n') || 'it failed without a word';
}

function plain(line: string): string {
  const logged = /"command failed" err=(".*")$/.exec(line)?.[1];
  const words = logged === undefined ? line : unquoted(logged);
  return words
    .replace(/^error: /i, '')
    .replaceAll(/accumulating resources: accumulation err='|recursed accumulation of path '[^']*': /g, '')
    .replace(/': must build at directory: .*$/, '');
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text;
  }
}

/** Its end says the cause, its beginning the file. */
const shortened = (line: string): string =>
  line.length <= LONGEST_LINE
    ? line
    : `${line.slice(0, LONGEST_LINE / 2)} … ${line.slice(-LONGEST_LINE / 2)}`;
