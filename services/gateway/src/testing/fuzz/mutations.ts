/** What nobody would send on purpose: one thing of a value is another one, gone, or too much. */
import fc from 'fast-check';

const LONG = 64 * 1024;
/** As JSON would have it: some of these only text can say (`raw`). */
const NASTY: readonly unknown[] = [
  null,
  true,
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfffy',
  // Looks like `app`, is none: Cyrillic, full width, an invisible joiner, right to left.
  ...['арр', 'ａｐｐ', 'a\u200dpp', '\u202eppa', 'e\u0301', '\ufeffapp', '𝒜'],
  ...["'; DROP TABLE events; --", '${7*7}', '<script>alert(1)</script>', '../../etc/passwd', '%00', '%'],
  ...['x'.repeat(256), 'ÿ'.repeat(LONG), '-1', '1e309', 'NaN', '__proto__', 'constructor'],
  ...[0, -0, -1, 0.5, 65_536, 2 ** 31, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 1e308, 5e-324],
  ...[
    [],
    [[]],
    [null],
    {},
    { href: null },
    { href: {} },
    { href: '/orgs/1/labels/1', deep: { deeper: [{}] } },
  ],
];

export const nasty = fc.constantFrom(...NASTY);

/** The same value with one nasty place in it, somewhere. */
export function mutated(value: unknown, which: number, by: unknown): unknown {
  const places = placesIn(value);
  return withAt(value, places[which % places.length]!, by);
}

type Path = readonly (string | number)[];

function placesIn(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  const inner = Array.isArray(value)
    ? value.flatMap((each, index) => placesIn(each, [...at, index]))
    : Object.entries(value).flatMap(([name, each]) => placesIn(each, [...at, name]));
  const added: Path = [...at, Array.isArray(value) ? value.length : 'unheard_of'];
  return [at, added, ...inner];
}

function withAt(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value)) {
    const copy = [...(value as unknown[])];
    copy[first as number] = withAt(copy[first as number], rest, by);
    return copy;
  }
  const object = value as Record<string, unknown>;
  return { ...object, [first]: withAt(object[first], rest, by) };
}

const within = (text: string, open: string, close: string, times: number): string =>
  `${open.repeat(times)}${text}${close.repeat(times)}`;
/** Deeper than whoever walks through it with a stack. */
export const NESTED: readonly string[] = [
  within('', '[', ']', 20_000),
  within('1', '{"a":', '}', 20_000),
  `{"name":${within('', '[', ']', 5_000)}}`,
  `[{"labels":[{"href":"/orgs/1/labels/1","x":${within('', '[', ']', 5_000)}}]}]`,
];

/** Texts of a body that are no JSON, or JSON that few write. */
export const RAW: readonly string[] = [
  ...[
    '{',
    '[',
    'null',
    '""',
    '1e999',
    '{"a":1e999}',
    '[1,]',
    '{"a":1,"a":2}',
    '\ufeff{}',
    '{"name":"\\ud800"}',
    '{"\\u0000":1}',
  ],
  ...[
    '{"__proto__":{"name":"x"}}',
    '{"constructor":{"prototype":{}}}',
    '{"name":"a\u0000b"}',
    '-',
    'undefined',
    "{'a':1}",
  ],
  ...NESTED,
  `{"name":"${'x'.repeat(LONG)}"}`,
];
