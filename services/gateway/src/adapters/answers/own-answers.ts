/** What the gateway answers itself: health, version, people, API keys, jobs and their files, audit events, explanations, resyncs. */
import { hostname } from 'node:os';
import type { Bus } from '@ringfence/bus';
import { CALLS, ExplainBody, RESYNC_CALLS, ResyncBody, VERSION } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import type { UntilHeard } from '@ringfence/resources';
import { asFile } from '../../domain/rest-request.js';
import type { RestRequest } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import { refuse } from '../../domain/refusal.js';
import { notificationsOf, statusOf } from '../../domain/whole-health.js';
import { findEvent, listEvents } from '../../read/audit-events.js';
import type { Jobs } from '../../read/jobs.store.js';
import type { ApiKeyCheck } from '../admission/api-key-check.js';
import { apiKeyAnswers } from './api-key-answers.js';
import { called, collectionReply, maxResults } from './owner-answers.js';
import type { OwnWrites } from './own-writes.store.js';
import type { PartsHealth } from './parts-health.js';
import { PRODUCT } from './product.js';
import { userAnswers } from './user-answers.js';

export interface OwnParts {
  readonly store: EventStore;
  readonly bus: Bus;
  readonly keys: ApiKeyCheck;
  readonly jobs: Jobs;
  readonly document: unknown;
  readonly missing: () => readonly string[];
  readonly partsHealth: PartsHealth;
  readonly ownWrites: OwnWrites;
  /** Until the audit trail has it. */
  readonly untilHeard: UntilHeard;
  readonly startedAt: number;
}

/** By `<collection> <op>`. */
export function ownAnswers(parts: OwnParts): Readonly<Record<string, Answer>> {
  return {
    ...generalAnswers(parts),
    ...apiKeyAnswers(parts.store, parts.keys),
    ...userAnswers(parts.store),
    ...jobAnswers(parts.jobs),
    ...eventAnswers(parts),
    ...explainAnswers(parts),
    ...resyncAnswers(parts.bus),
  };
}

function generalAnswers(parts: OwnParts): Record<string, Answer> {
  return {
    'health get': async () => ({ status: 200, body: await health(parts) }),
    'node_available get': async () =>
      parts.missing().length === 0 ? { status: 200, body: {} } : { status: 404, body: {} },
    'noop get': async () => ({ status: 200, body: {} }),
    'product_version get': async () => ({ status: 200, body: PRODUCT }),
    'openapi get': async () => ({ status: 200, body: parts.document }),
  };
}

async function health({ startedAt, partsHealth }: OwnParts): Promise<unknown> {
  const parts = await partsHealth();
  const notifications = notificationsOf(parts);
  const services = Object.entries(parts.services);
  const running = services.filter(([, { missing }]) => missing.length === 0).map(([service]) => service);
  const lacking = services.flatMap(([service, { missing }]) =>
    missing.map((words) => `${service}: ${words}`),
  );
  const uptime = Math.round((Date.now() - startedAt) / 1000);
  const now = new Date().toISOString();
  return [
    {
      status: statusOf(notifications),
      type: 'standalone',
      fqdn: hostname(),
      ringfence_version: VERSION,
      available_seconds: uptime,
      notifications,
      ringfence_clusters: parts.clusters.map(({ name, status, policy }) => ({ name, status, policy })),
      nodes: [
        {
          hostname: hostname(),
          ip_address: '127.0.0.1',
          runlevel: lacking.length === 0 ? 5 : 1,
          uptime_seconds: uptime,
          services: {
            status: lacking.length === 0 ? 'running' : 'partial',
            running,
            not_running: lacking,
          },
          generated_at: now,
        },
      ],
      network: { replication: [] },
      generated_at: now,
    },
  ];
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const uuidOf = (request: RestRequest): string => {
  const id = request.match.ids[0] ?? '';
  if (!UUID.test(id)) throw refuse('not_found_error', `there is no ${id}`);
  return id;
};

function jobAnswers(jobs: Jobs): Record<string, Answer> {
  const gone = (what: string): Error =>
    refuse('not_found_error', `there is no such ${what}; jobs go after 15 minutes`);
  return {
    'jobs list': async (request) => collectionReply({ body: await jobs.list() }, maxResults(request) ?? 500),
    'jobs get': async (request) => {
      const job = await jobs.get(uuidOf(request));
      if (job === undefined) throw gone('job');
      return { status: 200, body: job };
    },
    'jobs delete': async (request) => {
      if (!(await jobs.remove(uuidOf(request)))) throw gone('job');
      return { status: 204 };
    },
    'datafiles get': async (request) => {
      const text = await jobs.datafile(uuidOf(request));
      if (text === undefined) throw gone('data file');
      return { status: 200, stream: one(text), headers: asFile('result.json') };
    },
  };
}

async function* one(text: string): AsyncIterable<string> {
  yield text;
}

function eventAnswers({ store, ownWrites, untilHeard }: OwnParts): Record<string, Answer> {
  return {
    'events list': async (request) => {
      const { query, caller } = request;
      const after = await ownWrites.of(caller?.username);
      await called(request.id, () => untilHeard(after));
      const limit = maxResults(request) ?? 500;
      const filter = {
        eventType: query['event_type'],
        severity: query['severity'],
        status: query['status'],
        since: instant(query, 'timestamp[gte]'),
        until: instant(query, 'timestamp[lte]'),
        limit,
      };
      const { total, events } = await listEvents(store.entities, filter);
      return collectionReply({ body: events, total }, limit);
    },
    'events get': async (request) => {
      const event = await findEvent(store.entities, uuidOf(request));
      if (event === undefined) throw refuse('not_found_error', 'there is no such event');
      return { status: 200, body: event };
    },
  };
}

function instant(query: RestRequest['query'], name: string): string | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(Date.parse(text))) {
    throw refuse(
      'input_validation_error',
      `${name}: "${text.slice(0, 60)}" is no time; write 2026-01-31T12:00:00Z`,
    );
  }
  return new Date(text).toISOString();
}

function explainAnswers({ bus, ownWrites }: OwnParts): Record<string, Answer> {
  return {
    'explain explain': async (request) => {
      const question = ExplainBody.parse(request.body);
      const after = await ownWrites.of(request.caller?.username);
      const explain = () => bus.call(CALLS.explain, { ...question, ...(after && { after }) });
      return { status: 200, body: await called(request.id, explain) };
    },
  };
}

function resyncAnswers(bus: Bus): Record<string, Answer> {
  return {
    'resync resync': async (request) => {
      const { service, begin } = ResyncBody.parse(request.body);
      const progress = await called(request.id, () => bus.call(RESYNC_CALLS[service], { begin }));
      const { position, upto } = progress;
      return { status: 200, body: { service, ...progress, done: position === upto } };
    },
  };
}
