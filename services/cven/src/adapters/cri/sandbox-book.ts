/**
 * Which sandboxes there are, from events and from answers to questions. Pure. An event is news; an answer (a listing, a
 * status) may have been true before an event that came while it was on its way, and so says nothing about whatever
 * an event spoke of since the question. Time here is an order: it counts questions' beginnings and events.
 */
import type { FoundSandbox } from './sandbox-record.js';

export interface ListedSandbox {
  readonly id: string;
  readonly isReady: boolean;
}

interface Spoken {
  readonly at: number;
  readonly hasEnded: boolean;
}

export class SandboxBook {
  private time = 0;
  private readonly known = new Map<string, FoundSandbox>();
  /** What events said last, kept only while a question is open that is older. */
  private readonly spoken = new Map<string, Spoken>();
  private readonly open: number[] = [];

  /** The time at which the question is asked is what its answer is worth. */
  async question<T>(ask: (askedAt: number) => Promise<T>): Promise<T> {
    const askedAt = ++this.time;
    this.open.push(askedAt);
    try {
      return await ask(askedAt);
    } finally {
      this.open.splice(this.open.indexOf(askedAt), 1);
      this.forgetWhatIsOlder();
    }
  }

  get(id: string): FoundSandbox | undefined {
    return this.known.get(id);
  }

  /** An event spoke of it as living. */
  heardOf(id: string): void {
    this.speak(id, false);
  }

  /** An event said that it is no more. True when it was known. */
  ended(id: string): boolean {
    this.speak(id, true);
    return this.known.delete(id);
  }

  /** An answer that shows it. True when that is news. */
  found(sandbox: FoundSandbox, askedAt: number): boolean {
    const spoken = this.spoken.get(sandbox.id);
    if (this.isWhole(sandbox.id) || (spoken?.hasEnded === true && spoken.at > askedAt)) return false;
    this.known.set(sandbox.id, sandbox);
    return true;
  }

  /** It has its addresses, or needs none. */
  isWhole(id: string): boolean {
    const known = this.known.get(id);
    return known !== undefined && (known.netns === null || known.addresses.length > 0);
  }

  /** Known ones that a listing does not show as ready. Not gone for that: one that is being made is in no listing. */
  doubtful(listed: readonly ListedSandbox[], askedAt: number): string[] {
    const ready = new Set(listed.flatMap(({ id, isReady }) => (isReady ? [id] : [])));
    return [...this.known.keys()].filter((id) => !ready.has(id) && !this.isSpokenOfSince(id, askedAt));
  }

  /** The runtime was asked about this one, and says that it is no more. True when that is news. */
  confirmGone(id: string, askedAt: number): boolean {
    return !this.isSpokenOfSince(id, askedAt) && this.known.delete(id);
  }

  private isSpokenOfSince(id: string, askedAt: number): boolean {
    return (this.spoken.get(id)?.at ?? 0) > askedAt;
  }

  private speak(id: string, hasEnded: boolean): void {
    this.time += 1;
    if (this.open.length > 0) this.spoken.set(id, { at: this.time, hasEnded });
  }

  private forgetWhatIsOlder(): void {
    const oldest = this.open[0] ?? Number.POSITIVE_INFINITY;
    for (const [id, { at }] of this.spoken) if (at < oldest) this.spoken.delete(id);
  }
}
