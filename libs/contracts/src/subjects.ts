/**
 * Every subject of the system: `<lane>.<cluster>.<kind>.<id…>`. The cluster is second, so that a
 * credential of one cluster is a prefix. Ids become one token each; anything outside [A-Za-z0-9_-] is encoded.
 */

export const LANES = ['obs', 'agent', 'evt', 'policy', 'flow', 'ack', 'cmd'] as const;
export type Lane = (typeof LANES)[number];

const SAFE = /^[A-Za-z0-9_-]+$/;

/** One subject token: a safe id as it is, anything else as `=` and base64url (never empty, never a wildcard). */
export function subjectToken(id: string): string {
  if (SAFE.test(id)) return id;
  return `=${btoa(encodeURIComponent(id)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** The id that the token stands for; null: it is no token of ours. */
export function idOfToken(token: string): string | null {
  if (SAFE.test(token)) return token;
  try {
    const id = decodeURIComponent(atob(token.slice(1).replaceAll('-', '+').replaceAll('_', '/')));
    return subjectToken(id) === token ? id : null;
  } catch {
    return null;
  }
}

export interface ParsedSubject {
  readonly lane: string;
  readonly cluster: string;
  readonly kind: string;
  /** The last one, as it stands there; `idOfToken` reads it. */
  readonly token: string;
}

/** What `subjects` wrote, read again; what is not there is empty. */
export function parseSubject(subject: string): ParsedSubject {
  const [lane = '', cluster = '', kind = '', token = ''] = subject.split('.');
  return { lane, cluster, kind, token };
}

export const subjects = {
  observation: (cluster: string, kind: string, id: string): string =>
    `obs.${cluster}.${kind}.${subjectToken(id)}`,
  /** One subject per entity; the event's type is in the envelope. */
  event: (cluster: string, entity: string, id: string): string =>
    `evt.${cluster}.${entity}.${subjectToken(id)}`,
  /** Latest value per subject: unit, group, endpoint, settings; `commit` closes a version. */
  policy: (cluster: string, kind: string, id: string): string =>
    `policy.${cluster}.${kind}.${subjectToken(id)}`,
  commit: (cluster: string): string => `policy.${cluster}.commit.${cluster}`,
  /** The last word of a writer of policy that lost its turn: who has it now reads the stream again. */
  turnLeft: (): string => 'policy.global.turn.left',
  /** After the settings of a cluster: how far they are written. */
  settled: (cluster: string): string => `policy.${cluster}.settled.${cluster}`,
  /** clas-cache → one node, on the cluster's NATS: deltas of the node's view, in order. */
  nodeView: (cluster: string, node: string): string => `policy.${cluster}.view.${subjectToken(node)}`,
  /** clas-cache → kubelink, on the cluster's NATS: whether a Pod's policy is ready. */
  readiness: (cluster: string, podUid: string): string =>
    `policy.${cluster}.readiness.${subjectToken(podUid)}`,
  /** clas-cache → kubelink, on the cluster's NATS: tell everything again, its lists are missing. */
  relist: (cluster: string): string => `policy.${cluster}.relist.kubelink`,
  /** C-VEN → clas-cache: flows as the node's kernel counted them. */
  flow: (cluster: string, node: string): string => `flow.${cluster}.batch.${subjectToken(node)}`,
  /** clas-cache → control plane: the same with both ends named. */
  decorated: (cluster: string, node: string): string => `flow.${cluster}.decorated.${subjectToken(node)}`,
  ack: (cluster: string, node: string): string => `ack.${cluster}.node.${subjectToken(node)}`,
  heartbeat: (cluster: string, node: string): string => `agent.${cluster}.heartbeat.${subjectToken(node)}`,
  sandboxes: (cluster: string, node: string): string => `agent.${cluster}.sandboxes.${subjectToken(node)}`,
  /** clas-cache → control plane: what a node's credential was used for in vain. */
  refusal: (cluster: string, node: string): string => `agent.${cluster}.refusal.${subjectToken(node)}`,
  /** clas-cache → control plane: that it lives, and how its cluster stands. */
  pulse: (cluster: string): string => `ack.${cluster}.pulse.${cluster}`,
  /** A question to one cluster and its answer, on the control server; `token` is fresh for each question. */
  question: (cluster: string, token: string): string => `ask.${cluster}.${subjectToken(token)}`,
  /** All questions to the cluster. */
  questions: (cluster: string): string => `ask.${cluster}.*`,
  answer: (cluster: string, token: string): string => `answer.${cluster}.${subjectToken(token)}`,
  /** Request/reply between services: `cmd.<service>.<method>`. */
  call: (service: string, method: string): string => `cmd.${service}.${method}`,
} as const;
