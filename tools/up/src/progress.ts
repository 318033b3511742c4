/**
 * What a person sees while something goes on: one line a phase with its time, a bar below it where objects are counted (on a terminal) or a
 * line now and then (elsewhere: in a file, in CI).
 */
import { styleText } from 'node:util';

/** So many of so many are done. */
export type Counted = (done: number, total: number) => void;

export interface ProgressOptions {
  /** Its last line can be written over. */
  readonly isTerminal?: boolean;
  readonly now?: () => number;
}

const BAR_WIDTH = 30;
const REDRAWN_EVERY_MS = 100;
const TOLD_EVERY_MS = 5_000;
const CLEAR_LINE = '\r\u001b[K';

export class Progress {
  /** Those that are over, with what they took. */
  readonly phases: { readonly name: string; readonly ms: number }[] = [];
  private readonly isTerminal: boolean;
  private readonly now: () => number;
  private isBarShown = false;

  constructor(
    private readonly write: (text: string) => void,
    options: ProgressOptions = {},
  ) {
    this.isTerminal = options.isTerminal ?? false;
    this.now = options.now ?? (() => performance.now());
  }

  async phase<T>(name: string, work: (counted: Counted) => Promise<T>): Promise<T> {
    const from = this.now();
    this.line(`${styleText('cyan', '…')} ${name}`);
    const result = await work(this.counter());
    const ms = this.now() - from;
    this.phases.push({ name, ms });
    this.line(`${styleText('green', '✓')} ${name.padEnd(52)} ${seconds(ms)}`);
    return result;
  }

  note(text: string): void {
    this.line(`  ${text}`);
  }

  private line(text: string): void {
    this.write(`${this.isBarShown ? CLEAR_LINE : ''}${text}\n`);
    this.isBarShown = false;
  }

  private counter(): Counted {
    const everyMs = this.isTerminal ? REDRAWN_EVERY_MS : TOLD_EVERY_MS;
    let saidAt = this.now();
    return (done, total) => {
      if (this.now() - saidAt < everyMs) return;
      saidAt = this.now();
      const words = `${done} of ${total} objects`;
      if (this.isTerminal) this.draw(`${barOf(done / total)} ${words}`);
      else this.note(words);
    };
  }

  private draw(bar: string): void {
    this.write(`${CLEAR_LINE}  ${bar}`);
    this.isBarShown = true;
  }
}

function barOf(share: number): string {
  const full = Math.round(share * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${String(Math.round(share * 100)).padStart(3)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}
