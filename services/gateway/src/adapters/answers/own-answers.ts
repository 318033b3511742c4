/** What the gateway answers itself: health, version, people, API keys, jobs and their files, audit events, explanations, resyncs. */
import { hostname } from 'node:os';
import type { Bus } from '@ringfence/bus';
import { CALLS, ExplainBody, GLOBAL, RESYNC_CALLS, ResyncBody, VERSION } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import type { Answer } from './answer.js';
import { notificationsOf, statusOf } from '../../domain/whole-health.js';
import type { Jobs } from '../../read/jobs.store.js';
import type { ApiKeyCheck } from '../admission/api-key-check.js';
import type { KnownGrants } from '../admission/known-grants.js';
import { destinationAnswers } from '../syslog/destination-answers.js';
import type { Forwarding } from '../syslog/forwarding.js';
import { grantFrom } from '../people/given-grants.js';
import { accessAnswers } from './access-answers.js';
import { apiKeyAnswers } from './api-key-answers.js';
import { EMPTY_ANSWERS } from './empty-answers.js';
import { eventAnswers } from './event-answers.js';
import { jobAnswers } from './job-answers.js';
import { called } from './owner-answers.js';
import type { OwnWrites } from './own-writes.store.js';
import type { PartsHealth } from './parts-health.js';
import { PRODUCT } from './product.js';
import type { TrustedProxies } from '../admission/trusted-proxies.js';
import { restrictionAnswers } from './restriction-answers.js';
import { serviceAccountAnswers } from './service-account-answers.js';
import { settingsAnswers } from './settings-answers.js';
import { userAnswers } from './user-answers.js';

export interface OwnParts {
  readonly store: EventStore;
  readonly bus: Bus;
  readonly keys: ApiKeyCheck;
  readonly grants: KnownGrants;
  readonly proxies: TrustedProxies;
  readonly jobs: Jobs;
  readonly document: unknown;
  readonly missing: () => readonly string[];
  readonly partsHealth: PartsHealth;
  readonly ownWrites: OwnWrites;
  readonly forwarding: Forwarding;
  readonly startedAt: number;
}

/** By `<collection> <op>`. */
export function ownAnswers(parts: OwnParts): Readonly<Record<string, Answer>> {
  return {
    ...generalAnswers(parts),
    ...EMPTY_ANSWERS,
    ...apiKeyAnswers(parts.store, parts.keys),
    ...userAnswers(parts.store, parts.grants),
    ...accessAnswers(parts.store, parts.grants, grantFrom(parts.bus)),
    ...serviceAccountAnswers(parts.store, { ...parts, grantFrom: grantFrom(parts.bus) }),
    ...restrictionAnswers(parts.store, parts),
    ...settingsAnswers(parts.store.entities, parts.bus),
    ...jobAnswers(parts.jobs),
    ...eventAnswers(parts.store, parts.forwarding),
    ...destinationAnswers(parts.store.entities, parts.forwarding.look),
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
          type: 'snc0',
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

function explainAnswers({ bus, ownWrites }: OwnParts): Record<string, Answer> {
  return {
    'explain explain': async (request) => {
      const { at, ...question } = ExplainBody.parse(request.body);
      const after = await ownWrites.of(request.caller?.username);
      const explain = async () => {
        const then = at === undefined ? undefined : await momentOf(bus, at, question);
        return bus.call(CALLS.explain, { ...question, ...(after && { after }), ...(then && { then }) });
      };
      return { status: 200, body: await called(request.id, explain) };
    },
  };
}

/** What others' events say of a moment: their owners wait for policy-compute, so it cannot ask them. */
async function momentOf(bus: Bus, at: string, { from, to }: { from: string; to: string }) {
  const told = await bus.call(CALLS.labelledAt, { at, ends: [from, to] });
  const clusters = [...new Set(told.entities.map(({ cluster }) => cluster))].filter((id) => id !== GLOBAL);
  const workloads = told.entities.map(({ id }) => id);
  const asked = { at, clusters: clusters.slice(0, MOST_ASKED), workloads: workloads.slice(0, MOST_ASKED) };
  // Without them the policy of then is known all the same, and the answer says so.
  const alarms = await bus.call(CALLS.alarmsAt, asked).then(
    (answer) => answer.alarms,
    () => null,
  );
  return { at, ...told, alarms };
}
const MOST_ASKED = 4;

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
