/**
 * Lets a request in or not, before its body is read: route, credentials, organisation, role, rate. Refusals of credentials and permissions are
 * recorded; an address that keeps failing is slowed down.
 */
import { absentFeature } from '../../domain/absent-features.js';
import { judge } from '../../domain/access/who-may.js';
import { creatorOf } from '../../domain/rest-request.js';
import type { Caller } from '../../domain/rest-request.js';
import type { RefusedRequest } from '../../read/audit-events.js';
import { Refusal, refuse } from '../../domain/refusal.js';
import type { Need, Route } from '../../domain/route.js';
import type { RateWindow } from '@ringfence/service-host';
import type { Match, RouteMatch, RouteMatcher } from '../../domain/route-match.js';
import { readAuthorization } from './authorization.js';
import type { Authorization } from './authorization.js';
import type { Identify } from './identity.js';
import type { RecordRefusal } from '../answers/edge-answers.js';

export interface Arrival {
  readonly method: string;
  /** Below `/api/v2`. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly ip: string;
}
export interface Admitted {
  readonly match: RouteMatch;
  readonly caller: Caller | undefined;
}
export type Admission = (arrival: Arrival) => Promise<Admitted>;

export interface AdmissionParts {
  readonly matcher: RouteMatcher;
  readonly identify: Identify;
  readonly rate: RateWindow;
  /** Of attempts without a right key, by address and by the id that was claimed; beyond it nothing is recorded of them. */
  readonly failures: { readonly byAddress: RateWindow; readonly byKey: RateWindow };
  /** Of log-ins with a password, right or wrong: each one is work. */
  readonly logIns: { readonly byAddress: RateWindow; readonly byName: RateWindow };
  readonly record: RecordRefusal;
}

/** Who cannot say who he is learns nothing about which paths exist. */
const CHALLENGE = { 'www-authenticate': 'Basic realm="Ringfence", charset="UTF-8"' };

export function admission(parts: AdmissionParts): Admission {
  return async (arrival) => {
    const match = parts.matcher(arrival.method, arrival.path);
    if (match.kind === 'route' && match.route.needs === 'nothing') return { match, caller: undefined };
    if (match.kind === 'route' && match.route.needs === 'cluster-token') {
      slowDown(parts.rate.take(`edge ${arrival.ip}`, Date.now()));
      return { match, caller: undefined };
    }
    const caller = await identified(parts, arrival, match.kind === 'route' ? match.route.needs : 'read');
    slowDown(parts.rate.take(caller.username, Date.now()));
    if (match.kind !== 'route') throw noRoute(arrival, match);
    permit(parts, arrival, match, caller);
    return { match, caller };
  };
}

function noRoute({ method, path }: Arrival, match: Exclude<Match, RouteMatch>): Refusal {
  const feature = absentFeature(path);
  if (feature !== undefined)
    return refuse('feature_not_supported', `${feature}: this server has no such thing`);
  if (match.kind === 'unknown') return refuse('invalid_uri', `there is no ${path.slice(0, 200)}`);
  const allow = match.allowed.join(', ');
  return refuse('method_not_allowed_error', `${method} is not possible here; ${allow} is`, { allow });
}

async function identified(parts: AdmissionParts, arrival: Arrival, need: Need): Promise<Caller> {
  const authorization = readAuthorization(arrival.authorization);
  const name = claimedName(authorization);
  if (need === 'password') {
    const { byAddress, byName } = parts.logIns;
    const now = Date.now();
    slowDown(Math.max(byAddress.take(arrival.ip, now), byName.take(name.toLowerCase(), now)));
  }
  const identified = authorization && (await parts.identify(authorization, need, arrival.ip));
  if (identified === undefined) throw unknownCaller(parts, arrival, { need, name });
  const { caller, barred } = identified;
  if (barred === undefined) return caller;
  slowDown(parts.failures.byKey.take(name, Date.now()));
  parts.record(refused(arrival, 'request.authentication_failed', barred, caller));
  // Whoever guesses passwords from elsewhere does not learn which one is right.
  if (need === 'password') throw notHim(need);
  throw new Refusal(barred.status, barred.errors, CHALLENGE);
}

const refused = (
  { method, path, ip }: Arrival,
  eventType: string,
  { status, errors }: Refusal,
  caller: Caller | undefined,
): RefusedRequest => ({ method, path, ip, eventType, status, errors, createdBy: creatorOf(caller) });

function unknownCaller(
  { failures, record }: AdmissionParts,
  arrival: Arrival,
  { need, name }: { readonly need: Need; readonly name: string },
): Refusal {
  const now = Date.now();
  slowDown(Math.max(failures.byAddress.take(arrival.ip, now), failures.byKey.take(name, now)));
  const refusal = notHim(need);
  record(refused(arrival, 'request.authentication_failed', refusal, undefined));
  return refusal;
}

const notHim = (need: Need): Refusal =>
  refuse(
    'authentication_failed',
    need === 'password'
      ? 'give a user name and its password by basic authentication'
      : 'give an API key by basic authentication, its id (api_…) and its secret, or a session: user_… and its token',
    CHALLENGE,
  );

/** Not who it is: only what a guess is counted under. */
const claimedName = (authorization: Authorization | undefined): string =>
  authorization?.kind === 'pair' ? authorization.name.slice(0, 200) : '';

function permit({ record }: AdmissionParts, arrival: Arrival, match: RouteMatch, caller: Caller): void {
  const refusal = isForeign(match)
    ? refuse('organization_not_permitted', `organisation ${match.org ?? ''} is not yours; use 1`)
    : mayNot(match.route, caller);
  if (refusal !== undefined) {
    record(refused(arrival, 'request.authorization_failed', refusal, caller));
    throw refusal;
  }
  draftsOnly(match);
}

/** They tell by labels what lies within a scope. */
const JUDGES: readonly Route['answerer'][] = ['inventory', 'policy-compute'];

const isForeign = ({ org }: RouteMatch): boolean => org !== undefined && org !== '1';

function mayNot(route: Route, { readsOnly, grants }: Caller): Refusal | undefined {
  if (route.needs !== 'read' && route.needs !== 'write') return undefined;
  if (readsOnly && route.needs === 'write') return refuse('forbidden_error', 'this key may only read');
  const verdict = judge(grants, route);
  if (verdict.may && (verdict.within === null || JUDGES.includes(route.answerer))) return undefined;
  const roles = grants.map(({ role }) => role).join(', ') || 'none';
  return refuse('forbidden_error', `your roles (${roles}) are not for this`);
}

function draftsOnly(match: RouteMatch): void {
  const changes = match.route.method !== 'GET' && match.route.anyVersion !== true;
  if (changes && match.pversion !== undefined && match.pversion !== 'draft') {
    throw refuse('method_not_allowed_error', 'only drafts are changed; use /sec_policy/draft/', {
      allow: 'GET',
    });
  }
}

function slowDown(waitMs: number): void {
  if (waitMs === 0) return;
  const seconds = String(Math.ceil(waitMs / 1000));
  throw refuse('too_many_requests_error', `too many requests in a minute; try again in ${seconds} s`, {
    'retry-after': seconds,
  });
}
