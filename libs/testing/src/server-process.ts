/**
 * A real server as a child process: started, killed like a crash, started again, and never outliving the test run
 * (the kernel kills it when the test's process dies, however that happens).
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of a machine that does much else; who ends before is not waited for. */
const READY_WITHIN_MS = 100_000;
const STOP_WITHIN_MS = 10_000;
const ENDING_PAUSE_MS = 100;

export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Accepts TCP connections when it is up. */
  readonly port: number;
  /** Another account than root, for servers that refuse root. */
  readonly user?: Account;
  /** A graceful end for this server. */
  readonly stopSignal: NodeJS.Signals;
  /** Beyond the open port: whether it answers. */
  readonly isReady?: () => Promise<boolean>;
  /** Said by a server that cannot start because parts of a killed one are still ending: it is started again. */
  readonly stillEnding?: RegExp;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface ServerProcess {
  start(): Promise<void>;
  /** Ends gracefully. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Whatever else it understands. */
  signal(signal: NodeJS.Signals): void;
  readonly pid: number | undefined;
}

export function serverProcess(server: ServerCommand): ServerProcess {
  let child: ChildProcess | undefined;
  let output = '';
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill(signal);
    const timer = setTimeout(() => running.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  };
  return {
    get pid() {
      return child?.pid;
    },
    start: async function startServer(): Promise<void> {
      output = '';
      child = spawn('setpriv', [...privileges(server.user), server.command, ...server.args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-4_000));
      child.stdout?.on('data', keep);
      child.stderr?.on('data', keep);
      try {
        await untilReady(server, child, () => output);
      } catch (error) {
        if (server.stillEnding?.test(output) !== true) throw error;
        await sleep(ENDING_PAUSE_MS);
        await startServer();
      }
    },
    stop: () => end(server.stopSignal),
    kill: () => end('SIGKILL'),
    signal: (signal) => void child?.kill(signal),
  };
}

function privileges(user: Account | undefined): string[] {
  return [...(user === undefined ? [] : accountFlags(user)), '--pdeathsig', 'KILL'];
}

/**
 * Flags of setpriv(1) for another account than root that still reaches files below a private home directory: the
 * clone may lie there. `no_setuid_fixup` because access(2) would drop the capability otherwise.
 */
export function accountFlags({ uid, gid }: Account): string[] {
  const reading = '-all,+dac_read_search';
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${reading}`,
    `--ambient-caps=${reading}`,
    `--bounding-set=${reading}`,
  ];
}

async function untilReady(server: ServerCommand, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if ((await accepts(server.port)) && ((await server.isReady?.()) ?? true)) return;
    await sleep(15);
  }
  child.kill('SIGKILL');
  throw new Error(`${server.name} did not start on port ${server.port}:\n${output()}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

/** A port that was free a moment ago; fixed, so that a killed server comes back where its clients look for it. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
