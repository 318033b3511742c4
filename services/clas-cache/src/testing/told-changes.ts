/** What a calculator has told so far, as its reader keeps it; it is held to saying nothing twice and removing only what it told. */
import { expect } from 'vitest';

export interface Changes<T> {
  readonly upsert: readonly T[];
  readonly remove: readonly string[];
}

export class ToldChanges<T> extends Map<string, T> {
  constructor(private readonly idOf: (one: T) => string) {
    super();
  }

  take({ upsert, remove }: Changes<T>): void {
    for (const id of remove) expect(this.delete(id)).toBe(true);
    for (const one of upsert) {
      expect(this.get(this.idOf(one))).not.toEqual(one);
      this.set(this.idOf(one), one);
    }
  }
}
