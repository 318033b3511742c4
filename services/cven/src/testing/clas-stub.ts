/**
 * A clas-cache for tests of the agent: gives credentials, answers with the view that the test says, sends deltas, keeps
 * what the agent tells. Real HTTP, a real NATS server; no policy of its own.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  clusterServerConfig,
  connectBus,
  ensureStreams,
  isProof,
  mintClusterServer,
  mintNodeAccount,
  mintNodeUser,
  pushAccount,
  serviceInbox,
} from '@ringfence/bus';
import type { Bus, ClusterSigner } from '@ringfence/bus';
import { CALLS, CredentialRequest, FlowBatch, NodeAck, subjects } from '@ringfence/contracts';
import type { NodeView, NodeViewPart, ServiceManifest } from '@ringfence/contracts';
import { packView, viewMessage } from '@ringfence/edge';
import { startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';

export const CLUSTER = '11111111-1111-4111-8111-111111111111';
export const NODE = 'node-1';
const CHALLENGE = 'sign this';

const MANIFEST: ServiceManifest = {
  service: 'clas-cache',
  consumes: [],
  listens: ['ack', 'flow', 'agent'].map((lane) => ({ subject: `${lane}.*.*.*`, server: 'cluster' })),
  emits: [{ subject: 'policy.*.view.*', server: 'cluster' }],
  serves: ['clas-cache.node-snapshot'],
  calls: [],
};

export interface ClasStub {
  readonly url: string;
  readonly nats: NatsServer;
  readonly acks: NodeAck[];
  readonly flows: FlowBatch['reporters'][number]['flows'];
  readonly batches: FlowBatch[];
  readonly observations: { readonly subject: string; readonly payload: unknown }[];
  readonly credentialRequests: unknown[];
  /** The whole view from now on, told only to who asks; undefined: it is not in sync and has none. */
  setView(view: NodeView | undefined): void;
  send(view: NodeView): void;
  /** The control channel goes away and comes back. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function startClasStub(hostAddress: string): Promise<ClasStub> {
  const keys = await mintClusterServer(MANIFEST);
  const nats = await startNats({
    config: (place) => clusterServerConfig({ ...place, host: '0.0.0.0' }, keys),
  });
  const bus = await connectBus({
    servers: nats.url,
    name: 'clas-cache',
    server: 'cluster',
    credentials: keys.clasCache,
    inboxPrefix: serviceInbox('clas-cache'),
  });
  await ensureStreams(bus, 'cluster');
  const told = {
    acks: [] as NodeAck[],
    batches: [] as FlowBatch[],
    observations: [] as { subject: string; payload: unknown }[],
    credentialRequests: [] as unknown[],
  };
  listen(bus, told);
  let view: NodeView | undefined;
  serveViews(bus, () => view);
  const signer = {
    signingSeed: keys.signingSeed,
    account: keys.account,
    cluster: CLUSTER,
    expiresInSeconds: 3600,
  };
  await pushAccount(nats.url, keys.system.user, await mintNodeAccount(signer, NODE));
  const http = await serveCredentials(hostAddress, {
    natsUrl: `nats://${hostAddress}:${nats.port}`,
    signer,
    requests: told.credentialRequests,
  });
  return {
    url: http.url,
    nats,
    ...told,
    get flows() {
      return told.batches.flatMap(({ reporters }) => reporters.flatMap(({ flows }) => flows));
    },
    setView: (next) => {
      view = next;
    },
    send: (delta) => bus.send(subjects.nodeView(CLUSTER, NODE), viewMessage(delta)),
    down: () => nats.stop(),
    up: () => nats.start(),
    close: async () => {
      await bus.close();
      await http.close();
      await nats.close();
    },
  };
}

function serveViews(bus: Bus, view: () => NodeView | undefined): void {
  let parts: readonly NodeViewPart[] = [];
  const serve = async (asked = 0): Promise<NodeViewPart> => {
    const present = view();
    if (present === undefined) throw new Error('no view yet');
    if (asked === 0) parts = await packView({ ...present, base: null });
    return parts[asked]!;
  };
  bus.serve(CALLS.nodeSnapshot, ({ further }) => serve(further?.part), { suffix: '*' });
}

function listen(
  bus: Bus,
  told: { acks: NodeAck[]; batches: FlowBatch[]; observations: { subject: string; payload: unknown }[] },
): void {
  bus.subscribe('ack.*.*.*', ({ payload }) => void told.acks.push(NodeAck.parse(payload)));
  bus.subscribe('flow.*.*.*', ({ payload }) => void told.batches.push(FlowBatch.parse(payload)));
  bus.subscribe('agent.*.*.*', ({ subject, payload }) => void told.observations.push({ subject, payload }));
}

interface Credentials {
  readonly natsUrl: string;
  readonly signer: ClusterSigner;
  readonly requests: unknown[];
}

async function serveCredentials(
  host: string,
  { natsUrl, signer, requests }: Credentials,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url === '/v1/challenge')
        return void response.end(JSON.stringify({ cluster: CLUSTER, challenge: CHALLENGE }));
      const body = CredentialRequest.parse(JSON.parse(Buffer.concat(chunks).toString()));
      requests.push(body);
      if (
        body.role !== 'cven' ||
        body.pairingKey !== 'the-key' ||
        !isProof(body.signature, { ...body, cluster: CLUSTER })
      )
        return void response.writeHead(401).end('wrong pairing key or proof');
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      void mintNodeUser(signer, NODE, body.publicKey).then(({ jwt }) =>
        response.end(JSON.stringify({ cluster: CLUSTER, name: NODE, natsUrl, jwt, expiresAt })),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
