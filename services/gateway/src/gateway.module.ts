/**
 * The wiring of the gateway.
 *
 *   HTTP ─▶ admission (route, key, organisation, role, rate) ─▶ rest ─┬─▶ owner-answers ─▶ CALLS of the owners
 *                 │                                                  ├─▶ own-answers (health, keys, jobs, events, explain)
 *                 ├─ not below /api/v2 ─▶ pages (the console, the page about the API)
 *                 └─ refused ─▶ audit_events ◀─ EVENTS               ├─▶ edge-answers (exchange, pair)
 *                                                                    └─▶ flow-download, followers (server-sent events)
 */
import { Server as TlsServer } from 'node:tls';
import { Catch, Module } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { eventOf, openControlBus } from '@ringfence/bus';
import type { Bus, Consumer, Message } from '@ringfence/bus';
import { Envelope, VERSION } from '@ringfence/contracts';
import { inTurns, openServiceStore, ownDurables } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import {
  alarmInsecure,
  boundConnections,
  doorOptions,
  nestLogger,
  rateWindow,
  tlsListener,
  urlOf,
} from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { admission } from './adapters/admission.js';
import { apiKeyCheck } from './adapters/api-key-check.js';
import { ensureBootstrapKey } from './adapters/api-keys.store.js';
import { edgeAnswers } from './adapters/edge-answers.js';
import type { RecordRefusal } from './adapters/edge-answers.js';
import { followers } from './adapters/followers.js';
import type { Followers } from './adapters/followers.js';
import { httpServing, newRequestId } from './adapters/http-serving.js';
import type { HttpServing } from './adapters/http-serving.js';
import { ownAnswers } from './adapters/own-answers.js';
import { askOwner } from './adapters/owner-answers.js';
import { HTTP_SERVING, RestController } from './adapters/rest.controller.js';
import { partsHealth } from './adapters/parts-health.js';
import { pages } from './adapters/pages.js';
import { rest } from './adapters/rest.js';
import type { Config } from './config.js';
import { DATABASE } from './database.js';
import { docsPage } from './domain/docs-page.renderer.js';
import { openApiDocument } from './domain/open-api.renderer.js';
import { routeMatcher } from './domain/route-match.js';
import { ROUTES } from './routes/routes.js';
import { AUDIT, manifest, PROVISIONED } from './manifest.js';
import { pruneEvents, recordChange, recordRefusal } from './read/audit-events.js';
import { jobsStore } from './read/jobs.store.js';
import type { Jobs } from './read/jobs.store.js';

type Context = HostContext<Config>;

/** Attempts a minute without a right key, by address or by key, that are recorded; more are only answered. */
const FAILURES_A_MINUTE = 60;
const PRUNE_EVERY_MS = 3_600_000;
/** Refusals recorded a minute; beyond it they are only counted. */
const RECORDED_A_MINUTE = 300;

export interface RunningGateway extends RunningService {
  /** Where it listens, with the port that the system chose if 0 was asked for. */
  readonly url: string;
}

export async function startGateway(context: Context): Promise<RunningGateway> {
  const store = await openStore(context);
  const { bus } = await openControlBus(context, manifest);
  if (await ensureBootstrapKey(store, context.config.RINGFENCE_BOOTSTRAP_API_KEY))
    context.logger.info('bootstrap API key is known');
  const onError = (error: unknown): void =>
    context.logger.warn({ err: error }, 'something in the background failed');
  const jobs = jobsStore(store.entities, onError);
  context.onShutdown(() => jobs.close());
  const followed = followers(bus, onError);
  context.onShutdown(() => followed.close());
  bus.subscribe(PROVISIONED, ({ payload }) => tellFollowers(followed, payload));
  const audit = inTurns(store, () => readAudit(store, bus, onError), onError);
  pruneRegularly(context, store, onError);

  const app = await listen(context, serving(context, { store, bus, followed, jobs }, onError));
  const url = await urlOf(app);
  context.logger.info({ url }, 'REST API is up');
  alarmInsecure(context, { 'REST API': url, 'control NATS': context.config.NATS_URL });
  return {
    url,
    drain: async () => {
      followed.close();
      await Promise.all([app.close(), audit.close()]);
    },
  };
}

function serving(
  context: Context,
  { store, bus, followed, jobs }: { store: EventStore; bus: Bus; followed: Followers; jobs: Jobs },
  onError: (error: unknown) => void,
): HttpServing {
  const keys = apiKeyCheck(store.entities);
  const record = refusalRecorder(context, store, onError);
  const missing = (): string[] =>
    Object.entries({
      postgres: store.availability(),
      nats: bus.availability(),
      lanes: bus.progress(),
    }).flatMap(([name, state]) => (state === true ? [] : [`${name}: ${state}`]));
  const document = openApiDocument(ROUTES, VERSION);
  const own = {
    ...ownAnswers({
      ...{ store, bus, keys, jobs, document, missing, startedAt: Date.now() },
      partsHealth: partsHealth(bus, () => ({ missing: missing(), alarms: context.health.alarms() })),
    }),
    ...edgeAnswers(bus, record),
  };
  return httpServing({
    admission: admission({
      matcher: routeMatcher(ROUTES),
      keys,
      rate: rateWindow(context.config.RINGFENCE_RATE_LIMIT),
      failures: { byAddress: rateWindow(FAILURES_A_MINUTE), byKey: rateWindow(FAILURES_A_MINUTE) },
      record,
    }),
    rest: rest(askOwner(bus), own, jobs),
    followers: followed,
    pages: pages(docsPage(ROUTES), context.config.RINGFENCE_CONSOLE),
    host: context,
  });
}

async function listen(context: Context, serving: HttpServing): Promise<NestFastifyApplication> {
  const { config, logger, metrics } = context;
  const limits = {
    arrivalMs: config.RINGFENCE_ARRIVAL_SECONDS * 1_000,
    connections: config.RINGFENCE_CONNECTIONS,
    connectionsPerAddress: config.RINGFENCE_CONNECTIONS_PER_ADDRESS,
  };
  const dropped = metrics.counter('gateway_connections_dropped_total', 'Connections beyond the bounds');
  const { listener, ...door } = doorOptions(limits, serving.unreadable);
  const tls = tlsListener({ cert: config.RINGFENCE_TLS_CERT, key: config.RINGFENCE_TLS_KEY }, context);
  const adapter = new FastifyAdapter({
    ...door,
    bodyLimit: config.RINGFENCE_BODY_LIMIT,
    genReqId: newRequestId,
    forceCloseConnections: true,
    // What Fastify refuses before any hook: a path that cannot be decoded.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      serving.fail(error, request, reply),
    ...(tls === undefined ? { http: listener } : { https: { ...listener, ...tls.options } }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(gatewayModule(serving), adapter, {
    bodyParser: false,
    logger: nestLogger(logger),
  });
  app.useGlobalFilters(new Refusals(serving));
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  // Bodies stay bytes until the route is known: its schema says what they must be.
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', async (request, reply) => serving.admit(request, reply));
  boundConnections(fastify.server, limits, () => dropped.add());
  if (fastify.server instanceof TlsServer) tls?.follow(fastify.server);
  await app.listen(config.RINGFENCE_PORT, config.RINGFENCE_HOST);
  return app;
}

function gatewayModule(serving: HttpServing): new () => object {
  @Module({ controllers: [RestController], providers: [{ provide: HTTP_SERVING, useValue: serving }] })
  class GatewayModule {}
  return GatewayModule;
}

/** Errors of Fastify and Nest (a body too large, an unreadable request) in the API's form. */
@Catch()
class Refusals implements ExceptionFilter {
  constructor(private readonly serving: HttpServing) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.serving.fail(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

function refusalRecorder(
  { logger, metrics }: Context,
  store: EventStore,
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
    else recordRefusal(store.entities, refusal, new Date()).catch(onError);
  };
}

async function readAudit(store: EventStore, bus: Bus, onError: (error: unknown) => void): Promise<Consumer> {
  await ownDurables(store, bus, manifest);
  const record = (message: Message): Promise<void> => recordChange(store.entities, eventOf(message));
  return bus.consume(AUDIT, record, { onError });
}

/** As it is published: each gateway has followers of its own. */
function tellFollowers(followed: Followers, payload: unknown): void {
  const event = Envelope.safeParse(payload);
  if (event.data?.type !== 'PolicyProvisioned') return;
  followed.publish('policy', { ...(event.data.data as object), at: event.data.at });
}

function pruneRegularly({ onShutdown }: Context, store: EventStore, onError: (error: unknown) => void): void {
  const timer = setInterval(() => void pruneEvents(store.entities).catch(onError), PRUNE_EVERY_MS);
  onShutdown(() => clearInterval(timer));
}

async function openStore(context: Context): Promise<EventStore> {
  const opened: { store?: EventStore } = {};
  context.health.require('postgres', () => opened.store?.availability() ?? 'not open yet');
  const store = (opened.store = await openServiceStore(DATABASE, context));
  context.onShutdown(() => store.close());
  return store;
}
