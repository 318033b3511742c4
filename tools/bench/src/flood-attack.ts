/**
 * What somebody says who holds a node's or a cluster's credential and wants to fill the memory of others: as much as the
 * credential lets through, well formed and not.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, jwtAuthenticator } from 'nats';
import type { NatsConnection } from 'nats';
import type { RingfenceApi } from '@ringfence/up';

export interface Credential {
  readonly cluster: string;
  readonly natsUrl: string;
  readonly jwt: string;
  readonly seed: string;
}
export interface Said {
  messages: number;
  bytes: number;
}

const SANDBOXES = 4_000;
const FLOWS = 2_000;
const OBJECTS = 500;
const KIB = 1024;
const MIB = 1024 ** 2;
/** What the server takes from whom, less the headers. */
const NODE_PAYLOAD = MIB - KIB;
const CLUSTER_PAYLOAD = 4 * MIB - KIB;
const OBSERVATION = 2 * MIB - KIB;

export function credentialOfNode(directory: string, cluster: string, node: string): Credential {
  const read = (file: string): Partial<Credential> =>
    JSON.parse(readFileSync(join(directory, 'edge', `cven-${node}`, file), 'utf8')) as Partial<Credential>;
  return {
    ...(read('credential.json') as Credential),
    ...(read('node-key.json') as { seed: string }),
    cluster,
  };
}

/** A cluster of its own, registered as any is. */
export async function credentialOfCluster(api: RingfenceApi, gatewayUrl: string): Promise<Credential> {
  const made = await api.post<{ href: string; container_cluster_token: string }>('/container_clusters', {
    name: 'intruder',
  });
  const cluster = made.href.split('/').at(-1) ?? '';
  const response = await fetch(`${gatewayUrl}/api/v2/edge/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cluster, token: made.container_cluster_token }),
  });
  return { ...((await response.json()) as Credential), cluster };
}

/** So many volleys, as fast as the server takes them; whoever reads is not waited for. */
export async function flood(
  credential: Credential,
  volley: () => [string, Uint8Array][],
  volleys: number,
): Promise<Said> {
  const said: Said = { messages: 0, bytes: 0 };
  const connection = await attacker(credential);
  for (let done = 0; done < volleys; done += 1) {
    for (const [subject, payload] of volley()) {
      connection.publish(subject, payload);
      said.messages += 1;
      said.bytes += payload.length;
    }
    // A server that cuts us off ends what we say, as it should.
    await connection.flush().catch(() => undefined);
    if (connection.isClosed()) break;
  }
  await connection.close();
  return said;
}

async function attacker({ natsUrl, jwt, seed }: Credential): Promise<NatsConnection> {
  return connect({
    servers: natsUrl,
    authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
    ...(natsUrl.startsWith('tls:') && { tls: { rejectUnauthorized: false } as object }),
  });
}

/** Pods that nobody has, flows of addresses that nobody had, acknowledgements of everything, and noise. */
export function nodeVolley(cluster: string, node: string): () => [string, Uint8Array][] {
  let sequence = 1e9;
  const noise = [new Uint8Array(NODE_PAYLOAD).fill(0xff), nested(NODE_PAYLOAD)];
  return () => {
    const at = new Date().toISOString();
    const uids = Array.from({ length: SANDBOXES }, () => randomUUID());
    const sandboxes = uids.map((podUid) => ({
      ...{ podUid, namespace: 'bench', name: podUid, addresses: [address()] },
    }));
    return [
      [`agent.${cluster}.sandboxes.${node}`, text({ bootId: 'x', sequence: (sequence += 1), at, sandboxes })],
      [
        `ack.${cluster}.node.${node}`,
        text({ node, bootId: 'x', revision: 1, at, applyMs: 1, pods: uids, failed: [] }),
      ],
      [`flow.${cluster}.batch.${node}`, text(flowBatch(node, at))],
      ...noise.map((payload): [string, Uint8Array] => [`flow.${cluster}.batch.${node}`, payload]),
    ];
  };
}

/** Objects without end, a few as large as they may be, flows, and noise. */
export function clusterVolley(cluster: string): () => [string, Uint8Array][] {
  const noise = [nested(CLUSTER_PAYLOAD), new Uint8Array(CLUSTER_PAYLOAD).fill(0xff)];
  const large = nested(OBSERVATION);
  return () => {
    const at = new Date().toISOString();
    const objects = Array.from({ length: OBJECTS }, (_, index): [string, Uint8Array] => {
      const uid = randomUUID();
      return [`obs.${cluster}.workload.${uid}`, text(workload(uid, at, index < 4 ? OBSERVATION / 8 : 40))];
    });
    return [
      ...objects,
      [`obs.${cluster}.workload.${randomUUID()}`, large],
      [`flow.${cluster}.decorated.node`, text(decoratedBatch(cluster, at))],
      ...noise.map((payload): [string, Uint8Array] => [`flow.${cluster}.decorated.node`, payload]),
    ];
  };
}

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const octet = (): number => Math.floor(Math.random() * 256);
const address = (): string => `10.${octet()}.${octet()}.${octet()}`;

/** JSON that becomes many times as large once it is read. */
function nested(bytes: number): Uint8Array {
  return new TextEncoder().encode(`[${'[],'.repeat(Math.floor((bytes - 4) / 3))}[]]`);
}

function flowNumbers(): object {
  return {
    ...{ direction: 'outbound', proto: 6, port: 7300, verdict: 'allowed', state: 'new', connections: 1 },
    ...{ bytesOut: 1, bytesIn: 1, rule: null, ruleClass: null },
  };
}

function flowBatch(node: string, at: string): object {
  const flows = Array.from({ length: FLOWS }, () => ({ src: address(), dst: address(), ...flowNumbers() }));
  return {
    ...{ id: randomUUID(), node, revision: 1, policyVersion: 1, from: at, to: at, overflow: 0 },
    reporters: [{ id: node, mode: 'full', flows }],
  };
}

function decoratedBatch(cluster: string, at: string): object {
  const ends = Array.from({ length: 2 * FLOWS }, () => ({
    ...{ address: address(), workload: null, kind: null, name: randomUUID(), namespace: null },
    ...{ labels: [], mode: null, managed: false, service: null },
  }));
  const flows = Array.from({ length: FLOWS }, (_, index) => ({
    ...{ src: 2 * index, dst: 2 * index + 1, target: 2 * index + 1, targetPort: 7300, ...flowNumbers() },
  }));
  return {
    ...{ id: randomUUID(), cluster, node: 'node', revision: 1, policyVersion: 1, from: at, to: at },
    ...{ overflow: 0, ends, flows },
  };
}

function workload(uid: string, at: string, annotation: number): object {
  return {
    ...{ uid, resourceVersion: '1', epoch: '1', gone: false, observedAt: at, kind: 'Deployment' },
    ...{
      namespace: 'bench',
      name: uid,
      labels: {},
      annotations: { 'ringfence.io/role': 'x'.repeat(annotation) },
    },
  };
}
