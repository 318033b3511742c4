/** The types of a hosted service: what `run` gives to it and what it gives back. */
import type { ServiceManifest } from '@ringfence/contracts';
import type { Logger } from 'pino';
import type { z } from 'zod';

/** `true`, or what is missing in words ("Pods not listed yet"). */
export type Requirement = () => true | string;

export interface Health {
  /** /readyz answers 503 and names it until it is true. */
  require(name: string, isMet: Requirement): void;
  /** One sentence per requirement that is not met. */
  missing(): readonly string[];
  /** What nobody shall run by unknowingly: shown in /readyz, and by the control plane's /health as a warning. */
  alarm(what: string, words: string): void;
  /** In words, one sentence each. */
  alarms(): readonly string[];
  /** Shown in /readyz beside the answer; decides nothing. */
  fact(name: string, value: () => string): void;
}

export type Labels = Readonly<Record<string, string>>;
export interface Counter {
  add(value?: number, labels?: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  record(value: number, labels?: Labels): void;
}
export interface Metrics {
  /** Asking again for a name gives the same instrument. */
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  /** `buckets` in the unit of the name (`_seconds`: seconds). */
  histogram(name: string, help: string, options?: { readonly buckets?: readonly number[] }): Histogram;
}

export interface HostContext<Config> {
  readonly config: Config;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Called at the end in reverse order of registration, each awaited. */
  onShutdown(release: () => Promise<void> | void): void;
  /** Aborted when the process is asked to end: for waits at the start. */
  readonly signal: AbortSignal;
}

export interface RunningService {
  /** Stop taking work and finish what is in hand; called before the `onShutdown` releases. */
  drain?(): Promise<void>;
}

/** `edge`: beside the workloads, where memory is scarce. */
export type Zone = 'core' | 'edge';

export interface HostedService<Schema extends z.ZodType> {
  readonly manifest: ServiceManifest;
  /** Of the environment's variables; unknown ones are ignored. */
  readonly config: Schema;
  /** The control plane if it is left out. */
  readonly zone?: Zone;
  /** On every node: gives memory back soon, at the price of more collections. */
  readonly frugal?: boolean;
  start(context: HostContext<z.output<Schema>>): Promise<RunningService | void>;
}

/** Thrown by `start` when nothing but a person can help (a wrong token): one line on stderr, no stack, exit code. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
