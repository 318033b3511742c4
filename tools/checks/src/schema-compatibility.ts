/** Whether a reader of the current JSON Schema still understands everything that the released one allowed. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

export function incompatibilities(released: JsonSchema, current: JsonSchema, path = '$'): string[] {
  return [
    ...typeChange(released, current, path),
    ...propertyChanges(released, current, path),
    ...(released.items && current.items ? incompatibilities(released.items, current.items, `${path}[]`) : []),
    ...lostAlternatives(released, current, path),
    ...lostValues(released, current, path),
  ];
}

function typeChange(released: JsonSchema, current: JsonSchema, path: string): string[] {
  const from = JSON.stringify(released.type);
  const to = JSON.stringify(current.type);
  return from === to || (from === '"integer"' && to === '"number"')
    ? []
    : [`${path} changed its type from ${from} to ${to}`];
}

function propertyChanges(released: JsonSchema, current: JsonSchema, path: string): string[] {
  const before = released.properties ?? {};
  const now = current.properties ?? {};
  const required = new Set(current.required);
  const wasRequired = new Set(released.required);
  return [
    ...Object.keys(before)
      .filter((key) => !(key in now))
      .map((key) => `${path}.${key} is gone`),
    ...[...required].filter((key) => !wasRequired.has(key)).map((key) => `${path}.${key} became required`),
    ...Object.keys(before).flatMap((key) =>
      now[key] ? incompatibilities(before[key]!, now[key], `${path}.${key}`) : [],
    ),
  ];
}

/** Alternatives are compared in their order: a union grows at its end. */
function lostAlternatives(released: JsonSchema, current: JsonSchema, path: string): string[] {
  const before = released.anyOf ?? released.oneOf ?? [];
  const now = current.anyOf ?? current.oneOf ?? [];
  return before.flatMap((schema, index) =>
    now[index] ? incompatibilities(schema, now[index], `${path}|${index}`) : [`${path} lost an alternative`],
  );
}

function lostValues(released: JsonSchema, current: JsonSchema, path: string): string[] {
  const values = new Set(current.enum ?? []);
  const lost = (released.enum ?? []).filter((value) => !values.has(value));
  const constant = released.const !== current.const ? [`${path} changed its constant`] : [];
  return [...lost.map((value) => `${path} no longer knows ${JSON.stringify(value)}`), ...constant];
}
