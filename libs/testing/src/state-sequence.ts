/**
 * Proves that a calculator's output depends on its current input only. A test names world states; the runner walks
 * through them in many ways (reversed, with everything removed between, key by key, all at once, every change twice)
 * and compares the output at every state with a naive answer computed from scratch.
 */

/** A world state: key → value. What is absent does not exist. */
export type WorldState<V> = Readonly<Record<string, V>>;

export interface CalculatorUnderTest<V, Output> {
  apply(key: string, value: V | undefined): void;
  /** Lets the calculator emit, and returns the *whole* output as a reader of all emitted changes would hold it. */
  flush(): Output;
}

interface Walk<V> {
  readonly name: string;
  readonly states: readonly WorldState<V>[];
  readonly reverseKeys: boolean;
  readonly flushEveryKey: boolean;
  readonly twice: boolean;
}

export function expectStateSequence<V, Output>(options: {
  readonly states: readonly WorldState<V>[];
  readonly make: () => CalculatorUnderTest<V, Output>;
  readonly oracle: (state: WorldState<V>) => Output;
}): void {
  for (const walk of walksThrough(options.states)) {
    const calculator = options.make();
    let current: WorldState<V> = {};
    walk.states.forEach((state, index) => {
      const output = step(calculator, current, state, walk);
      current = state;
      const expected = options.oracle(state);
      if (sortedJson(output) !== sortedJson(expected)) {
        throw new Error(
          `${walk.name}, state ${index}: expected ${sortedJson(expected)}\nbut got ${sortedJson(output)}`,
        );
      }
    });
  }
}

function walksThrough<V>(states: readonly WorldState<V>[]): Walk<V>[] {
  const orders = [
    { name: 'in order', states },
    { name: 'reversed', states: [...states].reverse() },
    { name: 'with nothing between', states: states.flatMap((state) => [state, {}]) },
    { name: 'squashed', states: states.slice(-1) },
    { name: 'there and back', states: [...states, ...[...states].reverse(), {}] },
  ];
  const flags = [false, true];
  return orders.flatMap((order) =>
    flags.flatMap((reverseKeys) =>
      flags.flatMap((flushEveryKey) =>
        flags.map((twice) => ({
          ...order,
          name: `${order.name}${reverseKeys ? ', keys reversed' : ''}${flushEveryKey ? ', key by key' : ''}${twice ? ', everything twice' : ''}`,
          reverseKeys,
          flushEveryKey,
          twice,
        })),
      ),
    ),
  );
}

function step<V, Output>(
  calculator: CalculatorUnderTest<V, Output>,
  from: WorldState<V>,
  to: WorldState<V>,
  walk: Walk<V>,
): Output {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter(
    (key) => walk.twice || from[key] !== to[key],
  );
  if (walk.reverseKeys) keys.reverse();
  for (const key of keys) {
    calculator.apply(key, to[key]);
    if (walk.twice) calculator.apply(key, to[key]);
    if (walk.flushEveryKey) calculator.flush();
  }
  return calculator.flush();
}

function sortedJson(value: unknown): string {
  const sorted = (_: string, part: unknown): unknown => {
    if (part instanceof Map) return sorted('', Object.fromEntries(part));
    if (part instanceof Set) return [...part].sort();
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return JSON.stringify(value, sorted, 1) ?? 'undefined';
}
