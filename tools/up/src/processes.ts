/**
 * The processes of a local stack: started under a parent-death signal, logged to a file each, stopped in reverse
 * order within a bound. What a process is for, and in which order things start, is the caller's business.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { untilDone } from '@ringfence/testing';
import type { Look } from '@ringfence/testing';
import { processorTimeMs } from './processor-time.js';
import { StoreGuard } from './store-guard.js';
import type { StoreGuardOptions } from './store-guard.js';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Enter this network namespace first (a path below /run/netns or /proc). */
  readonly netns?: string;
  readonly stopSignal?: NodeJS.Signals;
  /** Killed when it has not ended, and done nothing, for so long after it was asked to. */
  readonly stopTimeoutMs?: number;
  /** Arguments of a run of the same command that takes away what it leaves behind when it is killed. */
  readonly cleanUpArgs?: readonly string[];
  /** `GET` of this url must answer 2xx for the process to count as ready. */
  readonly readyUrl?: string;
  /** The first thing that it does: until it accepts connections here, the end of it may mean that its port was taken. */
  readonly listensOn?: { readonly host: string; readonly port: number };
  /** It keeps what others rely on below this directory: looked after by the store guard. */
  readonly stores?: string;
}

export interface Exit {
  readonly name: string;
  readonly how: string;
  readonly lastLines: string;
}

const STOP_TIMEOUT_MS = 12_000;
const CLEAN_UP_TIMEOUT_MS = 300_000;
const PORT_CHOICES = 5;
const PORT_TAKEN = /EADDRINUSE|address already in use|could not bind/i;

export class SupervisedProcess {
  private child: ChildProcess | null = null;
  private stopping = false;
  /** Its end is no crash yet: whoever starts it looks at why it ended. */
  private isBeginning = false;

  constructor(
    readonly spec: ProcessSpec,
    readonly logFile: string,
    private readonly onCrash: (exit: Exit) => void,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  start(): void {
    if (this.isRunning) throw new Error(`${this.spec.name} runs already`);
    this.stopping = false;
    const { command, args } = this.wrapped();
    const log = openSync(this.logFile, 'a');
    const child = spawn(command, args, {
      env: {
        PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: process.env['HOME'] ?? '/',
        ...this.spec.env,
      },
      cwd: this.spec.cwd,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    child.once('error', (error) => this.ended(child, error.message));
    child.once('exit', (code, signal) => this.ended(child, signal ? `ended by ${signal}` : `exit ${code}`));
  }

  /** Only the first of `error` and `exit` counts, and only for the child that is current. */
  private ended(child: ChildProcess, how: string): void {
    if (this.child !== child || this.stopping) return;
    this.stopping = true;
    if (this.isBeginning) return;
    this.onCrash({ name: this.spec.name, how, lastLines: this.lastLines(4) });
  }

  /** The child must not outlive its launcher, however that ends. */
  private wrapped(): { command: string; args: string[] } {
    const inner = ['setpriv', '--pdeathsig', 'TERM', this.spec.command, ...this.spec.args];
    const all = this.spec.netns ? ['nsenter', `--net=${this.spec.netns}`, ...inner] : inner;
    return { command: all[0]!, args: all.slice(1) };
  }

  lastLines(count: number): string {
    try {
      return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
    } catch {
      return '';
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.stopping = true;
    this.child?.kill(signal);
  }

  async stop(): Promise<void> {
    const child = this.child;
    if (!child || !this.isRunning) return;
    this.stopping = true;
    const stalledAfterMs = this.spec.stopTimeoutMs ?? STOP_TIMEOUT_MS;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(this.spec.stopSignal ?? 'SIGTERM');
    try {
      await untilDone<true>(
        async () =>
          this.isRunning ? { missing: 'its end', sign: this.effort(stalledAfterMs / 60) } : { done: true },
        { what: `the end of ${this.spec.name}`, stalledAfterMs },
      );
    } catch {
      child.kill('SIGKILL');
      await gone;
      this.cleanUp();
    }
  }

  private cleanUp(): void {
    const { command, cleanUpArgs } = this.spec;
    if (cleanUpArgs !== undefined)
      spawnSync(command, cleanUpArgs, { stdio: 'ignore', timeout: CLEAN_UP_TIMEOUT_MS });
  }

  /** False: it ended because somebody else listens on one of its ports. */
  async beginsToListen(): Promise<boolean> {
    this.isBeginning = true;
    try {
      await untilDone(() => this.lookAt(() => accepts(this.spec.listensOn)), {
        what: `${this.spec.name} to listen`,
      });
      return true;
    } catch (error) {
      if (this.isRunning || !PORT_TAKEN.test(this.lastLines(20))) throw error;
      return false;
    } finally {
      this.isBeginning = false;
    }
  }

  /** Waits for the ready url as long as something moves; fails with the process' last words when it ends. */
  async ready(onWaiting?: (words: string) => void): Promise<void> {
    await untilDone(() => this.lookAt(() => probe(this.spec.readyUrl)), {
      what: `${this.spec.name} (log: ${this.logFile})`,
      ...(onWaiting && { onWaiting: (words) => onWaiting(`${this.spec.name}: ${words}`) }),
    });
  }

  private async lookAt(missing: () => Promise<string | null>): Promise<Look<true>> {
    if (!this.isRunning) throw new Error(`${this.spec.name} ended: ${this.lastLines(3)}`);
    const words = await missing();
    return words === null ? { done: true } : { missing: words, sign: this.effort() };
  }

  /** Moves while it works: what it has logged, and the time that it and what it has started had on a processor. */
  effort(stepMs = 1_000): string {
    if (this.pid === undefined) return '';
    try {
      return `${statSync(this.logFile).size} ${Math.floor(processorTimeMs(this.pid) / stepMs)}`;
    } catch {
      return '';
    }
  }
}

function accepts(place: ProcessSpec['listensOn']): Promise<string | null> {
  if (place === undefined) return Promise.resolve(null);
  return new Promise((resolve) => {
    const socket = connect(place);
    const end = (missing: string | null): void => {
      socket.destroy();
      resolve(missing);
    };
    socket.once('connect', () => end(null));
    socket.once('error', () => end(`nobody listens on ${place.host}:${place.port} yet`));
  });
}

async function probe(url: string | undefined): Promise<string | null> {
  if (!url) return null;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    const body = await response.text();
    return response.ok ? null : missingOf(body).slice(0, 500);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of a service of ours, what it waits for; of others, whatever they say. */
function missingOf(body: string): string {
  try {
    const { missing } = JSON.parse(body) as { missing?: unknown };
    return Array.isArray(missing) && missing.length > 0 ? missing.join('; ') : body;
  } catch {
    return body;
  }
}

export class Processes {
  private readonly all: SupervisedProcess[] = [];

  private readonly guard: StoreGuard;

  constructor(
    private readonly logDirectory: string,
    private readonly onCrash: (exit: Exit) => void,
    guard: StoreGuardOptions = { say: () => undefined },
  ) {
    mkdirSync(logDirectory, { recursive: true });
    this.guard = new StoreGuard(guard);
  }

  start(spec: ProcessSpec): SupervisedProcess {
    const started = new SupervisedProcess(spec, join(this.logDirectory, `${spec.name}.log`), (exit) => {
      if (!this.guard.explains(exit)) this.onCrash(exit);
    });
    this.all.push(started);
    if (spec.stores !== undefined) this.guard.watch({ process: started, directory: spec.stores });
    started.start();
    return started;
  }

  /** Starts what `make` describes and waits until it listens; made anew when somebody else was quicker on its port. */
  async startListening<T extends { readonly spec: ProcessSpec }>(
    make: () => T | Promise<T>,
  ): Promise<T & { readonly process: SupervisedProcess }> {
    for (let choice = 1; ; choice += 1) {
      const made = await make();
      const process = this.start(made.spec);
      if (await process.beginsToListen()) return { ...made, process };
      if (choice === PORT_CHOICES)
        throw new Error(`${made.spec.name} found no free port: ${process.lastLines(1)}`);
      this.all.splice(this.all.indexOf(process), 1);
      this.guard.forget(process);
    }
  }

  get(name: string): SupervisedProcess {
    const found = this.all.find((process) => process.spec.name === name);
    if (!found)
      throw new Error(`no process "${name}" (there are: ${this.all.map((p) => p.spec.name).join(', ')})`);
    return found;
  }

  list(): readonly SupervisedProcess[] {
    return this.all;
  }

  /** Latest started first; those of one wave (agents, services) together. */
  async stopAll(waves: readonly ((name: string) => boolean)[]): Promise<void> {
    await this.guard.stop();
    for (const wave of [...waves, () => true]) {
      await Promise.all(
        this.all.filter((process) => wave(process.spec.name)).map((process) => process.stop()),
      );
    }
  }
}
