/** The control plane as clas-cache sees it: the gateway's two edge routes, and records on the policy lane. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bus, Publication } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { Group, Unit } from '@ringfence/contracts';
import { catalogue, CLUSTER, countsOf, groups, inLists, profile, units } from './facts.js';

export const TOKEN = '1_cluster-token';
export const PAIRING_KEY = 'pairing-key';

export interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

/** Machine-id → the key that it was paired with, for the life of a test's file. */
const paired = new Map<string, string>();

export interface UplinkCredential {
  readonly jwt: string;
  readonly seed: string;
}
const NO_CREDENTIAL = (): Promise<UplinkCredential> => Promise.resolve({ jwt: '', seed: '' });

/** Answers as the gateway does: a list of errors where it refuses. */
export async function startGateway(natsUrl: string, port = 0, uplink = NO_CREDENTIAL): Promise<Gateway> {
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const asked = JSON.parse(text) as Record<string, string>;
      void answer(request.url ?? '', asked, natsUrl, uplink).then(([status, body]) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      );
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  path: string,
  body: Record<string, string>,
  natsUrl: string,
  uplink: () => Promise<UplinkCredential>,
): Promise<[number, unknown]> {
  const refused = [
    { token: 'cluster_authentication_failed', message: 'wrong cluster id, token or pairing key' },
  ];
  if (body['cluster'] !== CLUSTER || body['token'] !== TOKEN) return [401, refused];
  if (path.endsWith('/exchange')) {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    return [200, { natsUrl, ...(await uplink()), expiresAt, clusterName: 'test' }];
  }
  if (body['pairingKey'] !== PAIRING_KEY) return [401, refused];
  return pair(body);
}

function pair({ machineId = '', publicKey = '', vouchedNode }: Record<string, string>): [number, unknown] {
  const node = machineId.replace('machine-', '');
  if ((vouchedNode ?? node) !== node)
    return [406, [{ token: 'agent_token_of_other_node', message: 'it is on another node' }]];
  if ((paired.get(machineId) ?? publicKey) !== publicKey)
    return [406, [{ token: 'machine_already_paired', message: 'unpair the node first' }]];
  paired.set(machineId, publicKey);
  return [200, { node, workload: '7d3c1e0a-0000-4000-8000-000000000001' }];
}

/** Settings, records and the commit that closes them. */
export function policyOf(
  flush: number,
  content: { units: readonly Unit[]; groups: readonly Group[] } = { units, groups },
): Publication[] {
  const head = { flush, policyVersion: flush };
  const publish = (kind: string, id: string, payload: unknown): Publication => ({
    subject: subjects.policy(CLUSTER, kind, id),
    payload,
  });
  return [
    publish('labels', CLUSTER, catalogue),
    publish('profile', 'profile-shop', profile('shop')),
    ...content.groups.map((group) => publish('group', group.id, { ...head, group })),
    ...content.units
      .map(inLists)
      .flatMap(({ unit, list }) => [
        publish('list', list.id, { ...head, list }),
        publish('unit', unit.labelSet.id, { ...head, unit }),
      ]),
    {
      subject: subjects.commit(CLUSTER),
      payload: {
        ...head,
        at: new Date().toISOString(),
        counts: countsOf(content.units.length, content.groups.length),
        hash: '',
      },
    },
  ];
}

export async function publishPolicy(bus: Bus, ...args: Parameters<typeof policyOf>): Promise<void> {
  await bus.publishMany(policyOf(...args));
}
