/**
 * Throw-away network namespaces for tests on the real kernel: a "pod" and a "world" that holds all its peers' addresses,
 * joined by a veth pair, with an agent in each that moves real packets. `close` leaves nothing behind.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const POD = { 4: '10.77.0.2', 6: 'fd77::2' } as const;
/** Addresses of the world, by number: `10.77.0.<n>` and `fd77::<n>`. */
export const peerAddress = (n: number, family: 4 | 6): string =>
  family === 4 ? `10.77.0.${n}` : `fd77::${n}`;
export const PEERS = [10, 11, 12, 13] as const;

export type Outcome = 'open' | 'closed' | 'reset';

export class SocketAgent {
  private nextId = 1;
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private readonly child: ChildProcess;

  constructor(netns: string) {
    const script = fileURLToPath(new URL('socket-agent.mjs', import.meta.url));
    this.child = spawn('nsenter', [`--net=${netns}`, process.execPath, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.child.stdout === null) throw new Error('the socket agent has no output');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const { id, value, error } = JSON.parse(line) as { id: number; value: unknown; error?: string };
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
  }

  run<T = Outcome>(command: string, args: Record<string, unknown>): Promise<T> {
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.child.stdin?.write(`${JSON.stringify({ id, command, ...args })}\n`);
    });
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin?.end();
    await gone;
  }
}

export interface Testbed {
  /** Path of the Pod's namespace. */
  readonly netns: string;
  readonly world: string;
  readonly inPod: SocketAgent;
  readonly inWorld: SocketAgent;
  /** Runs a command in the Pod's namespace. */
  pod(...command: string[]): string;
  close(): Promise<void>;
}

export function openTestbed(): Testbed {
  const id = randomBytes(3).toString('hex');
  const [pod, world] = [`rfp-${id}`, `rfw-${id}`];
  const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  for (const name of [pod, world]) ip('netns', 'add', name);
  ip('link', 'add', 'eth0', 'netns', pod, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', world);
  for (const name of [pod, world]) {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  const add = (name: string, address: string, bits: number): string =>
    ip('-n', name, 'addr', 'add', `${address}/${bits}`, 'dev', 'eth0', ...(bits === 64 ? ['nodad'] : []));
  add(pod, POD[4], 24);
  add(pod, POD[6], 64);
  for (const n of PEERS) {
    add(world, peerAddress(n, 4), 24);
    add(world, peerAddress(n, 6), 64);
  }
  const path = (name: string): string => `/run/netns/${name}`;
  const agents = [new SocketAgent(path(pod)), new SocketAgent(path(world))] as const;
  return {
    netns: path(pod),
    world: path(world),
    inPod: agents[0],
    inWorld: agents[1],
    pod: (...command) =>
      execFileSync('nsenter', [`--net=${path(pod)}`, ...command], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    close: async () => {
      await Promise.all(agents.map((agent) => agent.close()));
      for (const name of [pod, world]) if (existsSync(path(name))) ip('netns', 'del', name);
    },
  };
}

/** The compiled helper; builds this service first, since a process cannot run TypeScript. */
export function compiledHelper(): string {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  try {
    execFileSync(process.execPath, ['node_modules/typescript7/bin/tsc', '-b', 'services/cven'], {
      cwd: root,
      stdio: 'pipe',
    });
  } catch (error) {
    // Type errors are the build's business; here it matters only that there is something to run.
    if (!existsSync(`${root}services/cven/dist/kernel/nftables/helper/helper.process.js`)) throw error;
  }
  return `${root}services/cven/dist/kernel/nftables/helper/helper.process.js`;
}
