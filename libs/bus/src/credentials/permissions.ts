/**
 * Which subjects each user may touch. A service's come from its manifest: what is not declared is refused by the
 * server itself. Edge users get only what one cluster, or one node, needs.
 */
import type { Permissions } from '@nats-io/jwt';
import { CALLS, STREAMS, subjects, subjectToken } from '@ringfence/contracts';
import type { Consumption, ServiceManifest } from '@ringfence/contracts';

/** An answer may come this late: longer than the longest deadline of a call. */
const ANSWER_WITHIN_NS = 60_000_000_000;

type Server = 'control' | 'cluster';
const DURABLES_FOR_EDGES: Readonly<Record<string, string>> = {
  'inventory control': 'POLICY',
  'clas-cache cluster': 'READINESS',
};

export function serviceInbox(service: string): string {
  return `_INBOX.${service}`;
}

export function servicePermissions(manifest: ServiceManifest, server: Server): Permissions {
  const { service } = manifest;
  const here = <T extends { server: Server }>(entries: readonly T[]): T[] =>
    entries.filter((entry) => entry.server === server);
  return {
    pub: {
      allow: [
        ...here(manifest.emits).map((emission) => emission.subject),
        ...manifest.calls.flatMap((call) => callSubjects(call)),
        ...here(manifest.consumes).flatMap(reading),
        ...here(manifest.emits).flatMap(readingBack),
        ...makingStreams(server),
        ...makingDurables(service, server),
        `dead.${service}.>`,
      ],
    },
    sub: {
      allow: [
        `${serviceInbox(service)}.>`,
        ...manifest.serves.flatMap((call) => callSubjects(call)),
        ...here(manifest.listens ?? []).map(({ subject }) => subject),
      ],
    },
    resp: { max: 1, ttl: ANSWER_WITHIN_NS },
  };
}

/** A call by its key in CALLS or as `service.method`; the suffix names a caller where a subject must. */
function callSubjects(call: string): string[] {
  const contract = Object.entries(CALLS).find(
    ([key, { service, method }]) => key === call || `${service}.${method}` === call,
  );
  if (contract === undefined) throw new Error(`manifest names an unknown call: ${call}`);
  const subject = subjects.call(contract[1].service, contract[1].method);
  return [subject, `${subject}.*`];
}

function reading({ stream, durable, filter, mode, perCluster }: Consumption): string[] {
  const consumer = mode === 'durable' && perCluster !== true ? durable : '*';
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
    // The server refuses a filter in the body that differs from the one in the subject.
    `$JS.API.CONSUMER.CREATE.${stream}.${consumer}.${filter}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
    // Deleted only to be made anew, further back.
    ...(mode === 'durable'
      ? [`$JS.ACK.${stream}.${consumer}.>`, `$JS.API.CONSUMER.DELETE.${stream}.${consumer}`]
      : []),
    ...(perCluster === true ? [`$JS.API.CONSUMER.LIST.${stream}`] : []),
  ];
}

/** Its own events: what it said last. */
function readingBack({ subject: filter }: ServiceManifest['emits'][number]): string[] {
  const own = { mode: 'latest', server: 'control', stream: 'EVENTS', durable: '' } as const;
  return filter.startsWith('evt.') ? reading({ ...own, filter }) : [];
}

function makingStreams(server: Server): string[] {
  return STREAMS.filter((stream) => stream.server === server || stream.server === 'both').flatMap(
    ({ name }) => ['CREATE', 'UPDATE', 'INFO'].map((verb) => `$JS.API.STREAM.${verb}.${name}`),
  );
}

/** The durables that edges read through, who may not make their own: inventory for each cluster's clas-cache, clas-cache for Kubelink. */
function makingDurables(service: string, server: Server): string[] {
  const stream = DURABLES_FOR_EDGES[`${service} ${server}`];
  if (stream === undefined) return [];
  return ['CREATE', 'DELETE', 'INFO'].map((verb) => `$JS.API.CONSUMER.${verb}.${stream}.>`);
}

/** Name of the durable that a cluster's clas-cache reads its policy through. */
export function uplinkDurable(cluster: string): string {
  return `clas-${cluster}`;
}

/** What a cluster's clas-cache may do on the control server: its own lanes up, its own policy down. */
export function uplinkSubjects(cluster: string): string[] {
  const durable = uplinkDurable(cluster);
  return [
    `obs.${cluster}.>`,
    `agent.${cluster}.>`,
    `flow.${cluster}.>`,
    `ack.${cluster}.>`,
    `answer.${cluster}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.POLICY.${durable}`,
    `$JS.ACK.POLICY.${durable}.>`,
  ];
}

/** What it is asked. */
export function uplinkQuestions(cluster: string): string[] {
  return [`ask.${cluster}.*`];
}

export function uplinkPermissions(cluster: string): Permissions {
  return {
    pub: { allow: uplinkSubjects(cluster) },
    sub: { allow: ['_INBOX.>', ...uplinkQuestions(cluster)] },
  };
}

export function nodeInbox(node: string): string {
  return `_INBOX.node-${subjectToken(node)}`;
}
