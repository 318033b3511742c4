/** Lets somebody wait until something is the case: asked again at each change, for a bounded time. */
export class Changes {
  private readonly waiting = new Set<() => void>();

  happened(): void {
    for (const look of [...this.waiting]) look();
  }

  /** Undefined when it did not come in time. `look` is asked at once, too; when it throws, that is the answer. */
  until<T>(look: () => T | undefined, withinMs: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const end = (answer: () => void): void => {
        clearTimeout(timer);
        this.waiting.delete(again);
        answer();
      };
      const again = (isLast = false): void => {
        try {
          const found = look();
          if (found !== undefined || isLast) end(() => resolve(found));
        } catch (error) {
          end(() => reject(error as Error));
        }
      };
      const timer = setTimeout(() => again(true), withinMs);
      this.waiting.add(again);
      again();
    });
  }
}
