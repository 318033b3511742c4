/**
 * The body of a request, as its route takes it. A PUT that is refused for what it may not say is held against what a GET shows there: who
 * has read an object and writes it back whole means what he has changed.
 */
import { judge } from '../../domain/access/who-may.js';
import { Refusal } from '../../domain/refusal.js';
import { parseBody } from '../../domain/request-body.js';
import type { RestRequest } from '../../domain/rest-request.js';
import type { Route } from '../../domain/route.js';
import { ROUTES } from '../../routes/routes.js';
import type { Answer } from './answer.js';

type Bodiless = Omit<RestRequest, 'body'>;

const READ_AT: ReadonlyMap<string, Route> = new Map(
  ROUTES.filter(({ method }) => method === 'GET').map((route) => [route.path, route]),
);

export function bodyReader(answer: Answer): (request: Bodiless, text: string) => Promise<unknown> {
  return async (request, text) => {
    const { route } = request.match;
    const { 'content-type': contentType } = request.headers;
    const type = Array.isArray(contentType) ? contentType[0] : contentType;
    try {
      return parseBody(route, type, text);
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.status !== 406 || route.body !== 'update') throw refusal;
      const shown = await shownAt(request, answer);
      if (shown === undefined) throw refusal;
      return parseBody(route, type, text, shown);
    }
  };
}

/** Undefined: there is nothing to be seen there, or not by this caller. */
async function shownAt(request: Bodiless, answer: Answer): Promise<unknown> {
  const route = READ_AT.get(request.match.route.path);
  if (route === undefined || !judge(request.caller?.grants ?? [], route).may) return undefined;
  try {
    const read = { ...request, match: { ...request.match, route }, query: {}, headers: {}, body: undefined };
    return (await answer(read)).body;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
