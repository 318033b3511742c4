/** What the API server asks of the nodes about one container: its log, and a further program in it. */
import type { Readable, Writable } from 'node:stream';

export interface PodLogOptions {
  follow: boolean;
  /** Only the last lines, when given. */
  tailLines: number | undefined;
  /** Only lines written at this instant or later. */
  since: Date | undefined;
  timestamps: boolean;
  previous: boolean;
  /** Whether the container has ended, so that nothing more is to be followed. */
  hasEnded(): boolean;
  /** Aborted when the reader is gone. */
  signal: AbortSignal;
}

/** Text of a container's log in pieces of any size; line ends are part of the text. */
export type PodLogSource = (
  namespace: string,
  pod: string,
  container: string,
  options: PodLogOptions,
) => AsyncIterable<string>;

export interface ProgramRequest {
  node: string;
  /** As the runtime names it. */
  containerId: string;
  command: readonly string[];
  hasInput: boolean;
  hasTerminal: boolean;
}

export interface TerminalSize {
  width: number;
  height: number;
}

export interface RunningProgram {
  /** Its end is the end of the program's input. */
  readonly input: Writable | undefined;
  readonly output: Readable;
  /** Nothing with a terminal, which has one stream for both. */
  readonly errors: Readable | undefined;
  resize(size: TerminalSize): Promise<void>;
  /** Its exit code, when everything that it wrote has been read. */
  readonly ended: Promise<number>;
  /** Ends it, and what it has started; nothing happens when it has ended. */
  kill(): void;
}

/** Fails when the container does not run or has no such program. */
export type ProgramStarter = (request: ProgramRequest) => Promise<RunningProgram>;

export interface Containers {
  readonly readLog: PodLogSource;
  /** Or why no program can be run in any of them. */
  readonly startProgram: ProgramStarter | string;
}
