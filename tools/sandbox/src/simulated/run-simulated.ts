/** The simulated sandbox as a process: runs until SIGTERM, SIGINT or, when asked to, the end of standard input. */
import { type SimulatedSandboxOptions, startSimulatedSandbox } from './simulated-sandbox.js';

export interface RunSimulatedOptions extends SimulatedSandboxOptions {
  watchParent: boolean;
}

export async function runSimulatedSandbox(options: RunSimulatedOptions): Promise<void> {
  const startedAt = Date.now();
  let isEnding = false;
  const started = startSimulatedSandbox(options);
  const end = (reason: string): void => {
    if (isEnding) return;
    isEnding = true;
    options.log(`ending: ${reason}`);
    // Told to end in the middle of the start: the start is bounded, and what it made is closed like any other.
    started
      .then((sandbox) => sandbox.close())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  if (options.watchParent) {
    process.stdin.on('end', () => end('the parent is gone'));
    process.stdin.on('error', () => end('the parent is gone'));
    process.stdin.resume();
  }
  await started;
  if (!isEnding) options.log(`ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}
