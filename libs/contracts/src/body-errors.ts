/**
 * What is wrong with a body, as its author is told. Unknown fields are one refusal together: whoever sends back what he has read
 * learns at once all that he must leave out.
 */
import type { z } from 'zod';

interface BodyError {
  readonly token: 'input_validation_error';
  readonly message: string;
}

/** More than this is noise to whoever reads the answer. */
const ERRORS_SHOWN = 20;
const FIELDS_SHOWN = 60;

export function bodyErrors({ issues }: z.ZodError): BodyError[] {
  const plain = issues.flatMap(nearest);
  const unknown = plain.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [],
  );
  const others = plain.filter(({ code }) => code !== 'unrecognized_keys');
  const messages = others.map(({ path, message }) => `${fieldOf(path)}: ${message}`);
  return [...(unknown.length > 0 ? [unknownFields(unknown)] : []), ...messages]
    .slice(0, ERRORS_SHOWN)
    .map((message) => ({ token: 'input_validation_error', message }));
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Of a union, what the alternative says that got furthest: it says most about what was meant. */
function nearest(issue: Issue): Issue[] {
  const [best] = issue.code === 'invalid_union' ? [...issue.errors].sort((a, b) => depth(b) - depth(a)) : [];
  if (best === undefined || best.length === 0) return [issue];
  return best.flatMap((inner) => nearest({ ...inner, path: [...issue.path, ...inner.path] }));
}

const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map((issue) => issue.path.length));

/** A field that several entries of a list have is named once, as `rules[].created_at`. */
function unknownFields(paths: readonly Path[]): string {
  const places = new Map<string, Path[]>();
  for (const path of paths) {
    const anywhere = fieldOf(path, () => '[]');
    places.set(anywhere, [...(places.get(anywhere) ?? []), path]);
  }
  const names = [...places].map(([anywhere, [first, ...more]]) =>
    more.length === 0 ? fieldOf(first!) : anywhere,
  );
  const more = names.length > FIELDS_SHOWN ? ` and ${String(names.length - FIELDS_SHOWN)} more` : '';
  const what = names.length === 1 ? 'unknown field' : 'unknown fields';
  return `${names.slice(0, FIELDS_SHOWN).join(', ')}${more}: ${what}; leave out what is only shown: a PUT keeps what it does not name`;
}

export function fieldOf(path: Path, index = (at: number): string => `[${String(at)}]`): string {
  if (path.length === 0) return 'body';
  return path
    .map((part, place) =>
      typeof part === 'number' ? index(part) : `${place === 0 ? '' : '.'}${String(part).slice(0, 100)}`,
    )
    .join('');
}
