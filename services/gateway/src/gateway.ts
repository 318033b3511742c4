/**
 * Puts the gateway together, without a framework: what stands between the HTTP server and the owners of collections. The
 * module gives it to Nest.
 *
 *   HTTP ─▶ admission (route, who, organisation, role, rate) ─▶ rest ─┬─▶ owner-answers ─▶ CALLS of the owners
 *                 │                                                  ├─▶ own-answers (health, keys, jobs, events, explain)
 *                 ├─ not below /api/v2 ─▶ pages (the console, the page about the API)
 *                 └─ refused ─▶ audit_events ◀─ EVENTS               ├─▶ edge-answers (exchange, pair)
 *                                                                    └─▶ flow-download, followers (server-sent events)
 */
import { beforeServing } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { Envelope, VERSION } from '@ringfence/contracts';
import { inTurns, openServiceStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { rateWindow } from '@ringfence/service-host';
import type { HostContext } from '@ringfence/service-host';
import { admission } from './adapters/admission/admission.js';
import { apiKeyCheck } from './adapters/admission/api-key-check.js';
import { ensureBootstrapKey, forgetExpired } from './adapters/admission/api-keys.store.js';
import { identity } from './adapters/admission/identity.js';
import { knownGrants } from './adapters/admission/known-grants.js';
import { knownProxies } from './adapters/admission/trusted-proxies.js';
import type { TrustedProxies } from './adapters/admission/trusted-proxies.js';
import { readAudit } from './adapters/audit/audit.consumer.js';
import { auditing } from './adapters/audit/audited-requests.js';
import { showingChanges } from './adapters/audit/own-changes.js';
import { edgeAnswers } from './adapters/answers/edge-answers.js';
import type { RecordRefusal } from './adapters/answers/edge-answers.js';
import { followers } from './adapters/http/followers.js';
import type { Followers } from './adapters/http/followers.js';
import { httpServing } from './adapters/http/http-serving.js';
import type { HttpServing } from './adapters/http/http-serving.js';
import { ownAnswers } from './adapters/answers/own-answers.js';
import { askOwner } from './adapters/answers/owner-answers.js';
import { ownWritesStore } from './adapters/answers/own-writes.store.js';
import type { OwnWrites } from './adapters/answers/own-writes.store.js';
import { pages } from './adapters/http/pages.js';
import { partsHealth } from './adapters/answers/parts-health.js';
import { endOrphaned } from './adapters/people/principals.store.js';
import { pruneSessions } from './adapters/people/sessions.store.js';
import { ensureFirstAdministrator } from './adapters/people/first-administrator.js';
import { rest } from './adapters/answers/rest.js';
import { forwardFlows } from './adapters/syslog/flow-forwarding.js';
import { startForwarding } from './adapters/syslog/forwarding.js';
import type { Forwarding } from './adapters/syslog/forwarding.js';
import type { Config } from './config.js';
import { DATABASE } from './database.js';
import { openApiDocument } from './domain/open-api/document.renderer.js';
import { routeMatcher } from './domain/route-match.js';
import { PROVISIONED } from './manifest.js';
import { recordRefusal } from './read/audit-events.js';
import { pruneEvents } from './read/audit-list.js';
import { jobsStore } from './read/jobs.store.js';
import type { Jobs } from './read/jobs.store.js';
import { ROUTES } from './routes/routes.js';

/** Attempts a minute without a right key, by address or by key, that are recorded; more are only answered. */
const FAILURES_A_MINUTE = 60;
/** With a password, by address and by name. */
const LOG_INS_A_MINUTE = 20;
const PRUNE_EVERY_MS = 3_600_000;
/** Refusals recorded a minute; beyond it they are only counted. */
const RECORDED_A_MINUTE = 300;

type Context = HostContext<Config>;

export interface Gateway {
  readonly store: EventStore;
  readonly serving: HttpServing;
  /** Lets go of who follows, and reads no more events. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export async function openGateway(context: Context, bus: Bus): Promise<Gateway> {
  const { config, logger } = context;
  const onError = (error: unknown): void => logger.warn({ err: error }, 'something in the background failed');
  const store = await openServiceStore(DATABASE, context);
  const bootstrap = (): Promise<boolean> => ensureBootstrapKey(store, config.RINGFENCE_BOOTSTRAP_API_KEY);
  if (await beforeServing(context, bootstrap)) logger.info('bootstrap API key is known');
  const { username, password } = config.RINGFENCE_FIRST_ADMINISTRATOR;
  const firstUser = (): Promise<boolean> => ensureFirstAdministrator(store, username, password);
  if (await beforeServing(context, firstUser)) logger.info({ username }, firstUserWords(username, password));
  const orphaned = await beforeServing(context, () => endOrphaned(store));
  if (orphaned > 0) logger.info({ orphaned }, 'permissions of principals that are gone have ended');
  const jobs = jobsStore(store.entities, onError);
  const followed = followers(bus, onError);
  bus.subscribe(PROVISIONED, ({ payload }) => tellFollowers(followed, payload));
  const forwarding = startForwarding(context, store.entities, onError);
  const audit = inTurns(
    store,
    async ({ onShutdown, signal }) => {
      onShutdown((await readAudit({ store, bus, forwarding, onError })).close);
      void forwardFlows({ bus, forwarding, onMissed: forwarding.missed, onError, signal });
    },
    onError,
  );
  const ownWrites = ownWritesStore(store.entities);
  const proxies = await knownProxies(store.entities, onError);
  const prune = (): Promise<unknown> =>
    Promise.all([
      pruneEvents(store.entities),
      pruneSessions(store.entities),
      ownWrites.prune(),
      forgetExpired(store),
    ]);
  const pruning = setInterval(() => void prune().catch(onError), PRUNE_EVERY_MS);
  return {
    store,
    serving: serving(context, { store, bus, followed, jobs, ownWrites, forwarding, proxies }, onError),
    drain: async () => {
      followed.close();
      await audit.close();
    },
    close: async () => {
      clearInterval(pruning);
      followed.close();
      await Promise.all([jobs.close(), forwarding.close()]);
      await store.close();
    },
  };
}

const firstUserWords = (username: string, password: string | undefined): string =>
  password === undefined
    ? `the first administrator has no password yet: ringfence-admin reset-password ${username}`
    : 'the first administrator can log in';

interface ServingParts {
  readonly store: EventStore;
  readonly bus: Bus;
  readonly followed: Followers;
  readonly jobs: Jobs;
  readonly ownWrites: OwnWrites;
  readonly forwarding: Forwarding;
  readonly proxies: TrustedProxies;
}

function serving(
  context: Context,
  { store, bus, followed, jobs, ownWrites, forwarding, proxies }: ServingParts,
  onError: (error: unknown) => void,
): HttpServing {
  const keys = apiKeyCheck(store.entities);
  const grants = knownGrants(store.entities);
  const record = refusalRecorder(context, { store, forwarding }, onError);
  const missing = (): string[] =>
    Object.entries({
      ...{ postgres: store.availability(), nats: bus.availability(), lanes: bus.progress() },
    }).flatMap(([name, state]) => (state === true ? [] : [`${name}: ${state}`]));
  const document = openApiDocument(ROUTES, VERSION);
  const own = {
    ...ownAnswers({
      ...{ store, bus, keys, grants, proxies, jobs, document, missing, ownWrites, forwarding },
      startedAt: Date.now(),
      partsHealth: partsHealth(bus, () => ({
        missing: missing(),
        alarms: [...context.health.alarms(), ...forwarding.unverified()],
        away: forwarding.away(),
      })),
    }),
    ...edgeAnswers(bus, record),
  };
  return httpServing({
    admission: admission({
      matcher: routeMatcher(ROUTES),
      identify: identity(store.entities, keys, grants),
      rate: rateWindow(context.config.RINGFENCE_RATE_LIMIT),
      failures: { byAddress: rateWindow(FAILURES_A_MINUTE), byKey: rateWindow(FAILURES_A_MINUTE) },
      logIns: { byAddress: rateWindow(LOG_INS_A_MINUTE), byName: rateWindow(LOG_INS_A_MINUTE) },
      record,
    }),
    rest: auditing(
      rest({
        ask: askOwner(bus, ownWrites),
        own: showingChanges(own, store),
        jobs,
        entities: store.entities,
      }),
      { store, forwarding, onError },
    ),
    followers: followed,
    trusts: proxies.trusts,
    pages: pages(context.config.RINGFENCE_CONSOLE),
    host: context,
  });
}

function refusalRecorder(
  { logger, metrics }: Context,
  { store, forwarding }: Pick<ServingParts, 'store' | 'forwarding'>,
  onError: (error: unknown) => void,
): RecordRefusal {
  const refused = metrics.counter(
    'gateway_refused_requests_total',
    'Requests refused for credentials or permission, by kind',
  );
  const unrecorded = metrics.counter(
    'gateway_refusals_unrecorded_total',
    'Refusals beyond what is recorded in a minute',
  );
  const pace = rateWindow(RECORDED_A_MINUTE);
  return (refusal) => {
    refused.add(1, { kind: refusal.eventType });
    logger.warn({ path: refusal.path, ip: refusal.ip, errors: refusal.errors }, refusal.eventType);
    if (pace.take('all', Date.now()) > 0) unrecorded.add();
    else recordRefusal(store.entities, refusal, new Date()).then(forwarding.event).catch(onError);
  };
}

/** As it is published: each gateway has followers of its own. */
function tellFollowers(followed: Followers, payload: unknown): void {
  const event = Envelope.safeParse(payload);
  if (event.data?.type !== 'PolicyProvisioned') return;
  followed.publish('policy', { ...(event.data.data as object), at: event.data.at });
}
