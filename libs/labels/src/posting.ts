/**
 * What is posted under one label, and that may be all there is. Coming costs a place in a list; who goes is only counted, and taken out
 * once more than half have gone or somebody reads.
 */
import { appended } from './appended.js';

export interface Posted {
  isGone: boolean;
}

export class Posting<T extends Posted> {
  private items: T[] = [];
  private gone = 0;

  get size(): number {
    return this.items.length - this.gone;
  }

  add(item: T): void {
    this.items = appended(this.items, item);
  }

  /** One of them is marked as gone by now. */
  lost(): void {
    this.gone += 1;
    if (this.gone * 2 > this.items.length) this.sweep();
  }

  present(): readonly T[] {
    if (this.gone > 0) this.sweep();
    return this.items;
  }

  private sweep(): void {
    this.items = this.items.filter(({ isGone }) => !isGone);
    this.gone = 0;
  }
}
