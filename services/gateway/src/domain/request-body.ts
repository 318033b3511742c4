/**
 * A request's body against the schema of its route: every wrong field is named, unknown fields are refused where the schema is strict.
 * Parsing JSON text is here too, so that what is wrong with a body is said in one voice. The owner holds it against the same schema again
 * (`parsed` in libs/resources): it trusts no caller, and during an update the two may be of different releases. The schema is written once.
 */
import type { z } from 'zod';
import {
  API,
  bodyErrors,
  fieldOf,
  isBulkBody,
  isText,
  TEXT_PROBLEM,
  unchangedLeftOut,
} from '@ringfence/contracts';
import type { Route } from './route.js';
import { Refusal, refuse } from './refusal.js';

const JSON_TYPE = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

export function bodySchema(route: Route): z.ZodType | undefined {
  const collection = API[route.collection];
  if (route.body === 'action') return collection?.actions?.[route.op];
  return route.body === 'none' ? undefined : collection?.[route.body];
}

/** `shown`: what a GET shows where this is to be put. Whatever a body may not say it may repeat. */
export function parseBody(
  route: Route,
  contentType: string | undefined,
  text: string,
  shown?: unknown,
): unknown {
  const schema = bodySchema(route);
  if (schema === undefined) return undefined;
  if (route.consumes !== undefined) return checked(schema, text);
  if (text !== '' && contentType !== undefined && !JSON_TYPE.test(contentType)) {
    throw refuse(
      'unsupported_content_type',
      `the body is ${contentType.slice(0, 60)}; send application/json`,
    );
  }
  const body = parseJson(text);
  return checked(
    schema,
    shown === undefined ? body : unchangedLeftOut(schema, body, shown, API[route.collection]?.told),
  );
}

function checked(schema: z.ZodType, body: unknown): unknown {
  const parsed = schema.safeParse(body);
  if (parsed.success) {
    // Of a bulk call each item is refused by itself, by its owner.
    const unusable = isBulkBody(schema) ? undefined : placeOfUnusable(parsed.data, []);
    if (unusable === undefined) return parsed.data;
    throw refuse('input_validation_error', `${fieldOf(unusable)}: ${TEXT_PROBLEM}`);
  }
  throw new Refusal(406, bodyErrors(parsed.error));
}

function parseJson(text: string): unknown {
  // Actions without parameters are called without a body too.
  if (text.trim() === '') return {};
  if (isTooDeep(text)) throw refuse('invalid_json', `the body is nested deeper than ${DEEPEST} levels`);
  try {
    // `__proto__` becomes an own property of JSON.parse's objects; zod's strict objects refuse it as unknown.
    return JSON.parse(text) as unknown;
  } catch {
    throw refuse('invalid_json', 'the body is not JSON');
  }
}

/** No body of ours is nearly as deep; whoever walks through a deeper one with a stack may run out of it. */
const DEEPEST = 64;

/** Counted in the text, without a stack; brackets within strings are none. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length && depth <= DEEPEST; at += 1) {
    const sign = text[at];
    if (sign === '"') at = endOfString(text, at);
    else depth += STEPS[sign ?? ''] ?? 0;
  }
  return depth > DEEPEST;
}
const STEPS: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 };

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

type Path = readonly (string | number)[];

/** What a schema does not name may come with it, and be kept: that must be storable, too. A body is not deep, so that this may recurse. */
function placeOfUnusable(value: unknown, at: Path): Path | undefined {
  if (typeof value === 'string') return isText(value) ? undefined : at;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, each] of Object.entries(value)) {
    const place = [...at, Array.isArray(value) ? Number(name) : name];
    const found = isText(name) ? placeOfUnusable(each, place) : at;
    if (found !== undefined) return found;
  }
  return undefined;
}
