/** `npm start` after the set-up: start, tell the story, and end everything on any signal, crash or lost parent. */
import { mkdirSync } from 'node:fs';
import { Stalled } from '@ringfence/testing';
import { outcomeText } from './application/applying.js';
import { firstFlow } from './application/first-flow.js';
import { followPods } from './application/waiting-for-pods.js';
import { storyText } from './banner.js';
import { readCommandLine } from './command-line.js';
import { claimDataDirectory } from './data-directory.js';
import { parseOptions, USAGE } from './options.js';
import type { UpOptions } from './options.js';
import type { Exit } from './processes.js';
import { Progress } from './progress.js';
import { Stack } from './stack.js';
import type { Running } from './stack.js';

const PARENT_POLL_MS = 500;

/** Why the stack ends. */
class Ending extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

export async function main(argv: readonly string[]): Promise<void> {
  const options = readCommandLine(() => parseOptions(argv, process.cwd()), USAGE);
  if (options === null) return;
  let release = (): void => undefined;
  let stack: Stack | null = null;
  let ending: unknown;
  try {
    mkdirSync(options.dataDirectory, { recursive: true, mode: 0o711 });
    release = await claimDataDirectory(options.dataDirectory);
    const end = watchForEnd();
    const progress = new Progress(print, { isTerminal: process.stdout.isTTY });
    stack = new Stack(options, progress, end.crashed);
    await Promise.race([run(stack, options, progress), end.promise]);
    await end.promise;
  } catch (error) {
    ending = error;
  }
  print(`${ending instanceof Error ? ending.message : String(ending)}\n`);
  await stack?.stop();
  release();
  print('Everything has ended.\n');
  process.exit(ending instanceof Ending ? ending.exitCode : 1);
}

async function run(stack: Stack, options: UpOptions, progress: Progress): Promise<void> {
  const running = await stack.start();
  const { access, application, sandbox } = running;
  const { namespaces, demo, calls, outcome } = application;
  const { dataDirectory, simulate } = options;
  const pairing = options.kubeconfig === null ? null : running.pairing;
  if (!demo) print(outcomeText(outcome));
  print(
    storyText({
      access,
      kubeconfig: sandbox.kubeconfig,
      dataDirectory,
      namespaces,
      demo,
      calls,
      simulated: simulate,
      pairing,
    }),
  );
  if (namespaces.length > 0) await followApplication(running, progress);
}

/** From here on everything can be used; a Pod that never becomes ready, or that calls nothing, ends nothing. */
async function followApplication(running: Running, progress: Progress): Promise<void> {
  const tell = (words: string): void => progress.note(words);
  await progress.phase('Pods ready', () => followPods(running, tell));
  try {
    await progress.phase('First flow reported', () => firstFlow(running.api));
  } catch (error) {
    const none = 'none yet: `npx ringfence flows --follow` shows flows as soon as something calls';
    tell(error instanceof Stalled ? none : String(error));
  }
}

/** Rejects once, with the first reason to end. */
function watchForEnd(): { promise: Promise<never>; crashed: (exit: Exit) => void } {
  let end: (why: Ending) => void = () => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    end = reject;
  });
  promise.catch(() => undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => end(new Ending(`\n${signal}: ending everything …`, 0)));
  }
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end(new Ending('The parent process is gone: ending everything …', 1));
  }, PARENT_POLL_MS).unref();
  const crashed = ({ name, how, lastLines }: Exit): void =>
    end(new Ending(`${name} ended unexpectedly (${how}): ending everything …\n${lastLines}`, 1));
  return { promise, crashed };
}

function print(text: string): void {
  process.stdout.write(text);
}
