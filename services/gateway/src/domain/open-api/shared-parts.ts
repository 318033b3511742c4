/**
 * What is written out in several schemas becomes one of its own. Parts that people speak of have their names in contracts (`API_PARTS`);
 * the others are called after the first field that holds them.
 */
import type { Json } from './json.js';
import { pascal } from './words.js';

type Components = Readonly<Record<string, Json>>;

/** Smaller ones are sooner read than looked up. */
const FEWEST_FIELDS = 3;

export function withSharedParts(components: Components): Components {
  let shared = components;
  for (;;) {
    const found = largestRepeated(shared);
    if (found === undefined) return shared;
    shared = withPart(shared, found);
  }
}

interface Part {
  readonly name: string;
  readonly text: string;
}

/** Of a component that is also written out elsewhere, its own name; of others one that is free. */
function largestRepeated(components: Components): Part | undefined {
  const seen = new Map<string, string>();
  let largest: Part | undefined;
  const look = (node: unknown, name: string): void => {
    if (typeof node !== 'object' || node === null) return;
    if (hasFields(node)) {
      const text = JSON.stringify(node);
      const first = seen.get(text);
      if (first === undefined) seen.set(text, freeName(components, name));
      else if (text.length > (largest?.text.length ?? 0)) largest = { name: first, text };
    }
    for (const [key, part] of Object.entries(node)) if (key !== 'examples') look(part, nameWithin(name, key));
  };
  for (const [name, schema] of Object.entries(components))
    if (hasFields(schema)) seen.set(JSON.stringify(schema), name);
  for (const [name, schema] of Object.entries(components))
    for (const [key, part] of Object.entries(schema))
      if (key !== 'examples') look(part, nameWithin(name, key));
  return largest;
}

/** Another schema may have it already. */
const freeName = (components: Components, name: string): string =>
  name in components ? freeName(components, `${name}Part`) : name;

const hasFields = (node: object): boolean =>
  Object.keys((node as { properties?: object }).properties ?? {}).length >= FEWEST_FIELDS;

const WORDS_OF_SCHEMAS = /^(properties|items|anyOf|oneOf|allOf|additionalProperties|propertyNames|\d+)$/;

/** `RuleSetCreate` and its `rules` → `RuleSetRule`. */
function nameWithin(name: string, key: string): string {
  if (WORDS_OF_SCHEMAS.test(key)) return name;
  return `${name.replace(/(Create|Update|Answer)$/, '')}${pascal(key.replace(/(?<=ss)es$|s$/, ''))}`;
}

function withPart(components: Components, { name, text }: Part): Components {
  const part = { $ref: `#/components/schemas/${name}` };
  const replaced = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    if (hasFields(node) && JSON.stringify(node) === text) return part;
    if (Array.isArray(node)) return node.map(replaced);
    return Object.fromEntries(
      Object.entries(node).map(([key, inner]) => [key, key === 'examples' ? inner : replaced(inner)]),
    );
  };
  const inside = (schema: Json): Json =>
    Object.fromEntries(
      Object.entries(schema).map(([key, inner]) => [key, key === 'examples' ? inner : replaced(inner)]),
    );
  const others = Object.entries(components).map(([other, schema]) => [other, inside(schema)]);
  return {
    ...(Object.fromEntries(others) as Components),
    ...(!(name in components) && { [name]: JSON.parse(text) as Json }),
  };
}
