/**
 * Which values of a knob may be in force at a time. A value may be in force from the moment that it is asked for, and the ones
 * before it until the product says that it, or a later one, is in force everywhere: between the two, either is right.
 */
import type { Knob } from './model.js';

interface Turn {
  readonly value: string;
  readonly asked: number;
  /** When the control plane had taken it. */
  accepted: number | null;
  settled: number | null;
}

export class KnobHistory {
  private readonly turns = new Map<Knob, Turn[]>();

  constructor(initial: Readonly<Record<Knob, string>>) {
    for (const [knob, value] of Object.entries(initial))
      this.turns.set(knob as Knob, [{ value, asked: -Infinity, accepted: -Infinity, settled: -Infinity }]);
  }

  ask(knob: Knob, value: string, at: number): void {
    this.of(knob).push({ value, asked: at, accepted: null, settled: null });
  }

  /** What was asked last has been taken. */
  accept(knob: Knob, at: number): void {
    this.of(knob).at(-1)!.accepted ??= at;
  }

  /** Everything that was taken before `acceptedBefore` is in force since `at`. */
  settle(at: number, acceptedBefore: number): void {
    for (const turns of this.turns.values())
      for (const turn of turns)
        if (turn.settled === null && turn.accepted !== null && turn.accepted < acceptedBefore)
          turn.settled = at;
  }

  /** The value that was asked for last. */
  asked(knob: Knob): string {
    return this.of(knob).at(-1)!.value;
  }

  unsettled(): Knob[] {
    return [...this.turns].filter(([, turns]) => turns.at(-1)!.settled === null).map(([knob]) => knob);
  }

  possible(knob: Knob, from: number, to: number): string[] {
    const turns = this.of(knob);
    const values = turns.filter(
      ({ asked }, index) => asked <= to && !turns.slice(index + 1).some((later) => isSettledBy(later, from)),
    );
    return [...new Set(values.map(({ value }) => value))];
  }

  private of(knob: Knob): Turn[] {
    const turns = this.turns.get(knob);
    if (turns === undefined) throw new Error(`no knob ${knob}`);
    return turns;
  }
}

function isSettledBy({ settled }: Turn, at: number): boolean {
  return settled !== null && settled <= at;
}
