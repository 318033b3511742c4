/** Sends a request of the fuzz and says what is wrong with the answer: a fault of ours, a refusal that does not say why, or an answer that its schema denies. */
import { ERRORS } from '@ringfence/contracts';
import { idForm } from '../../domain/id-forms.js';
import { answerSchema, isListed } from '../../domain/open-api/schemas.renderer.js';
import type { Route } from '../../domain/route.js';
import { OWNER } from '../gateway-under-test.js';
import type { Known } from './references.js';
import type { FuzzRequest } from './requests.js';

export interface Got {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}
export type Send = (method: string, path: string, text?: string) => Promise<Got>;

export function sender(urlOf: () => string): Send {
  return async (method, path, text) => {
    const response = await fetch(`${urlOf()}${path}`, {
      method,
      headers: { authorization: OWNER, 'content-type': 'application/json' },
      ...(text !== undefined && { body: text }),
      signal: AbortSignal.timeout(60_000),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
}

export interface Judged {
  readonly status: number;
  /** Undefined: nothing. */
  readonly wrong: string | undefined;
}

export async function judged(send: Send, request: FuzzRequest, known: Known): Promise<Judged> {
  const { route } = request;
  const [path, text] = [pathOf(request, known), textOf(request, known)];
  const ask = (): Promise<Got> => send(route.method, path, text);
  let got = await ask();
  // A part may be late on a busy machine; whoever is told so comes again.
  if (got.status === 503) got = await ask();
  const wrong = wrongWith(route, got) ?? (await wrongWithMade(send, got, known));
  const told = `${route.method} ${path.slice(0, 300)} ${text?.slice(0, 600) ?? ''} → ${got.status} ${got.text.slice(0, 300)}`;
  return { status: got.status, wrong: wrong === undefined ? undefined : `${wrong}: ${told}` };
}

export function pathOf({ route, ids, query }: FuzzRequest, known: Known): string {
  let count = 0;
  const path = route.path
    .replace('{org}', '1')
    .replace('{pversion}', route.method === 'GET' && ids[0]! % 3 === 0 ? 'active' : 'draft')
    .replaceAll(/([^/]+)\/\{\w+\}/g, (_, word: string) => `${word}/${idOf(word, ids[count++] ?? 0, known)}`);
  const asked = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${wordOf(known.resolved(value))}`,
  );
  return asked.length === 0 ? path : `${path}?${asked.join('&')}`;
}

function idOf(word: string, which: number, known: Known): string {
  const href = which % 10 === 0 ? undefined : known.pick(word, which);
  const form = idForm(word);
  return (
    href?.split('/').at(-1) ??
    ['999999', 'aaaaaaaa-0000-4000-8000-000000000001', 'eth0'].find((id) => form.test(id)) ??
    '1'
  );
}

/** Half of a surrogate pair has no form in an address. */
function wordOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return encodeURIComponent(Buffer.from(text.slice(0, 4_000)).toString());
}

const textOf = ({ body }: FuzzRequest, known: Known): string | undefined => {
  if (body === undefined) return undefined;
  return 'text' in body ? body.text : JSON.stringify(known.resolved(body.value));
};

function wrongWith(route: Route, got: Got): string | undefined {
  if (got.status >= 500) return 'a fault of ours';
  if (got.status >= 400) return wrongWithRefusal(got);
  const schema = answerSchema(route);
  if (
    schema === undefined ||
    got.status !== route.success ||
    got.headers.get('content-type') !== 'application/json'
  )
    return undefined;
  const shown = (isListed(route) ? schema.array() : schema).safeParse(JSON.parse(got.text));
  return shown.success
    ? undefined
    : `not as its schema says (${shown.error.issues[0]?.path.join('.')}: ${shown.error.issues[0]?.message})`;
}

function wrongWithRefusal({ status, text }: Got): string | undefined {
  const errors = errorsIn(text);
  if (errors.length === 0) return 'a refusal without a reason';
  const strange = errors.find(({ token, message }) => !(token in ERRORS) || message === '');
  if (strange !== undefined) return `an unknown token`;
  const nameless = errors.find(
    ({ token, message }) =>
      status === 406 && token === 'input_validation_error' && !/^[^\s:]+.*: ./s.test(message),
  );
  return nameless === undefined ? undefined : 'a refusal that names no field';
}

function errorsIn(text: string): readonly { readonly token: string; readonly message: string }[] {
  try {
    const errors: unknown = JSON.parse(text);
    return Array.isArray(errors) ? errors : [];
  } catch {
    return [];
  }
}

/** What was made is there. */
async function wrongWithMade(send: Send, got: Got, known: Known): Promise<string | undefined> {
  const place = got.status === 201 ? got.headers.get('location') : null;
  if (place === null) return undefined;
  known.add(place);
  const { status } = await send('GET', place);
  return status === 200 || status === 404 ? undefined : `made, and then ${status}`;
}
