/** What a command gets: the API, where to write, and the format that was asked for. */
import type { ApiClient } from '../api.client.js';
import type { ExitCode } from '../failure.js';
import type { Column, Format } from '../output.js';

export interface Terminal {
  readonly api: ApiClient;
  readonly format: Format;
  /** Of a table those that were asked for. */
  columns<T>(all: readonly Column<T>[]): Column<T>[];
  /** Where to write the answer instead (`-o FILE`). */
  readonly file: string | undefined;
  readonly cluster: string | undefined;
  readonly kubeconfig: string | undefined;
  write(text: string): void;
  /** Notes that are no part of the answer. */
  note(text: string): void;
  /** Ends with this exit code where nothing goes wrong. */
  end(code: ExitCode): void;
  /** Whether a person agrees; where none sits at a terminal, whoever called meant it. */
  agrees(question: string): Promise<boolean>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
export type WithTerminal = (
  work: (terminal: Terminal) => Promise<void>,
  /** Whether `-o` may name a file, too. */
  options?: { readonly mayWriteFile: boolean },
) => Promise<void>;
