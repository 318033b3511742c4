/**
 * Parameters of a policy document, which is a template by them: `${name}` in a text of the document is the value of the parameter. Filled in
 * after parsing, so that a value is never anything but text. A document without parameters means `${…}` literally.
 */
import { isScalar, isSeq, Scalar, visit } from 'yaml';
import type { Document } from 'yaml';
import { z } from 'zod';
import { usage } from './failure.js';
import type { Source } from './policy-documents.js';

const parameter = z.strictObject({
  description: z.string().min(1).max(1024),
  /** Without one a value must be given. */
  default: z.string().max(4096).optional(),
  /** Several values, divided by commas: an item of a list that is nothing but this parameter becomes as many items. */
  many: z.boolean().default(false),
});
const parameters = z.record(
  z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'is no name: a-z, 0-9 and _'),
  parameter,
);
export type Parameters = ReadonlyMap<string, z.output<typeof parameter>>;

export function declaredParameters({ document, at }: Source): Parameters {
  const said: unknown = (document.toJS() as { parameters?: unknown } | null)?.parameters;
  if (said === undefined) return new Map();
  const read = parameters.safeParse(said);
  if (read.success) return new Map(Object.entries(read.data));
  throw usage(
    read.error.issues.map(({ path, message }) => `${at(['parameters', ...path])}: ${message}`).join('\n'),
  );
}

export function fillIn(
  sources: readonly Source[],
  declared: readonly Parameters[],
  values: ReadonlyMap<string, string>,
): void {
  const missing = new Map<string, string>();
  for (const some of declared)
    for (const [name, { description, default: preset }] of some)
      if (preset === undefined && !values.has(name)) missing.set(name, description);
  if (missing.size > 0)
    throw usage(
      [
        'These parameters need a value:',
        ...[...missing].map(([name, what]) => `  --set ${name}=…  ${what}`),
      ].join('\n'),
    );
  for (const [index, source] of sources.entries()) {
    const some = declared[index]!;
    if (some.size > 0) fillInOne(source, some, values);
  }
}

const PLACE = /\$\{([^}]*)\}/g;
const ONLY_PLACE = /^\$\{([^}]*)\}$/;

function fillInOne(
  { document, lineAt }: Source,
  declared: Parameters,
  values: ReadonlyMap<string, string>,
): void {
  const valueOf = (name: string, offset: number): string => {
    const one = declared.get(name);
    if (one === undefined) throw usage(`${lineAt(offset)}: \${${name}}: there is no such parameter`);
    return values.get(name) ?? one.default!;
  };
  const filled = splitMany(document, declared, valueOf);
  visit(document, {
    Scalar: (key, node, path) => {
      // Descriptions of parameters are for people, and may show what they look like.
      if (key === 'key' || path.some((part) => part === parametersPair(document))) return;
      if (typeof node.value !== 'string' || filled.has(node)) return;
      node.value = node.value.replace(PLACE, (_, name: string) => valueOf(name, node.range?.[0] ?? 0));
    },
  });
}

const parametersPair = (document: Document): unknown =>
  (document.contents as unknown as { items: { key: unknown }[] }).items.find(
    ({ key }) => isScalar(key) && key.value === 'parameters',
  );

/** Answers the items that it made. */
function splitMany(
  document: Document,
  declared: Parameters,
  valueOf: (name: string, offset: number) => string,
): ReadonlySet<unknown> {
  const filled = new Set<unknown>();
  visit(document, {
    Seq: (_, seq) => {
      if (!isSeq(seq)) return;
      seq.items = seq.items.flatMap((item) => {
        const name = isScalar(item) ? ONLY_PLACE.exec(String(item.value))?.[1] : undefined;
        if (!isScalar(item) || name === undefined || declared.get(name)?.many !== true) return [item];
        const values = valueOf(name, item.range?.[0] ?? 0).split(',');
        const items = values
          .map((value) => value.trim())
          .filter((value) => value !== '')
          .map((value) => Object.assign(new Scalar(value), { range: item.range }));
        for (const made of items) filled.add(made);
        return items;
      });
    },
  });
  return filled;
}
