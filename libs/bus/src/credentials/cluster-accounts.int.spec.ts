import { CALLS, subjects } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { Events } from 'nats';
import type { NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, Credentials } from '../bus.js';
import { connectBus, linkOf } from '../connect.js';
import { ensureKubelinkDurable, ensureStreams } from '../streams.js';
import { A, clasCache, listen, raw } from '../testing/edges.js';
import { mintUser } from './claims.js';
import {
  KUBELINK_DURABLE,
  mintClusterServer,
  mintKubelinkAccount,
  mintKubelinkUser,
  mintNodeAccount,
  mintNodeUser,
} from './cluster-server.js';
import type { ClusterServerKeys } from './cluster-server.js';
import { createKeys, deriveAccountKeys, keysOfSeed } from './keys.js';
import { nodeInbox, serviceInbox } from './permissions.js';
import { pushAccount } from './push-account.js';
import { clusterServerConfig } from './server-config.js';

let keys: ClusterServerKeys;
let nats: NatsServer;
let cache: Bus;
/** Sees and may do everything in the account of the streams. */
let owner: Bus;
const signer = (expiresInSeconds = 600) => ({
  signingSeed: keys.signingSeed,
  account: keys.account,
  cluster: A,
  expiresInSeconds,
});
const push = (jwt: string): Promise<void> => pushAccount(nats.url, keys.system.user, jwt);
async function nodeCredentials(node: string, publicKey?: string): Promise<Credentials> {
  await push(await mintNodeAccount(signer(), node));
  return mintNodeUser(signer(), node, publicKey);
}
async function kubelinkCredentials(): Promise<Credentials> {
  await push(await mintKubelinkAccount(signer()));
  return mintKubelinkUser(signer());
}
const busOf = (name: string, credentials: Credentials, inboxPrefix: string): Promise<Bus> =>
  connectBus({ servers: nats.url, name, server: 'cluster', credentials, inboxPrefix });

beforeAll(async () => {
  keys = await mintClusterServer(clasCache);
  nats = await startNats({ config: (place) => clusterServerConfig(place, keys) });
  cache = await busOf('clas-cache', keys.clasCache, serviceInbox('clas-cache'));
  const account = deriveAccountKeys(keys.operator.seed, 'cluster');
  const all = await mintUser({
    name: 'owner',
    issuerSeed: account.seed,
    account: keysOfSeed(account.seed).publicKey,
    permissions: {},
  });
  owner = await connectBus({ servers: nats.url, name: 'owner', server: 'cluster', credentials: all });
  await ensureStreams(cache, 'cluster');
});
afterAll(async () => {
  await Promise.all([cache.close(), owner.close()]);
  await nats.close();
});

const serveSnapshots = () =>
  cache.serve(
    CALLS.nodeSnapshot,
    async (_, { subject }) => ({ view: `of ${subject.split('.')[3]}`, part: 0, parts: 1, gzip: '' }),
    { suffix: '*' },
  );

/** Every stream with the number of its messages and all of its subjects. */
async function streams(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of ['OBSERVATIONS', 'AGENTS', 'FLOWS', 'ACKS', 'READINESS', 'DECORATED']) {
    const { state } = await linkOf(owner).manager.streams.info(name, { subjects_filter: '>' });
    found[name] = Object.keys(state.subjects ?? {}).sort();
  }
  return found;
}
const purges = ['OBSERVATIONS', 'AGENTS', 'FLOWS', 'ACKS', 'READINESS'].flatMap((stream) => [
  `$JS.API.STREAM.PURGE.${stream}`,
  `$JS.API.STREAM.DELETE.${stream}`,
]);
const forgeries = [
  `obs.${A}.pod.forged`,
  subjects.flow(A, 'n2'),
  subjects.ack(A, 'n2'),
  subjects.heartbeat(A, 'n2'),
  subjects.nodeView(A, 'n2'),
  subjects.readiness(A, 'p2'),
  `flow.${A}.decorated.n2`,
  'cmd.clas-cache.node-snapshot.n2',
  '_INBOX.clas-cache.forged',
  '_R_.forged',
  '$SYS.REQ.CLAIMS.UPDATE',
  '$SYS.REQ.CLAIMS.DELETE',
];
/** Publishes and calls on every subject that it may, with every reply subject that it should not be able to use. */
async function attack(edge: NatsConnection, may: readonly string[]): Promise<void> {
  for (const subject of may)
    for (const reply of [...purges, ...forgeries])
      edge.publish(subject, JSON.stringify({ id: 'x', data: { node: 'n1' } }), { reply });
  await edge.flush();
}

describe('a cluster’s server', () => {
  it('lets kubelink report what it sees and read readiness', async () => {
    await cache.publish(`policy.${A}.readiness.p1`, { ready: true });
    await ensureKubelinkDurable(cache, A);
    const kubelink = await busOf('kubelink', await kubelinkCredentials(), serviceInbox('kubelink'));
    await kubelink.publish(`obs.${A}.pod.p1`, {});
    const values: unknown[] = [];
    const reader = await kubelink.latest(
      'READINESS',
      `policy.${A}.readiness.*`,
      ({ payload }) => void values.push(payload),
      { durable: KUBELINK_DURABLE },
    );
    await reader.caughtUp;
    expect(values).toEqual([{ ready: true }]);
    await cache.publish(`policy.${A}.readiness.p1`, { ready: false });
    await eventually(() => values.length === 2);
    await expect(kubelink.publish(`ack.${A}.node.n1`, {})).rejects.toThrow();
    await kubelink.close();
  });

  it('lets a node speak for itself only', async () => {
    const credentials = await nodeCredentials('n1');
    const node = await busOf('n1', credentials, nodeInbox('n1'));
    const views: unknown[] = [];
    node.subscribe(`policy.${A}.view.n1`, ({ payload }) => void views.push(payload));
    const served = serveSnapshots();
    await linkOf(cache).connection.flush();
    expect((await node.call(CALLS.nodeSnapshot, { node: 'n1' }, { suffix: 'n1' })).view).toBe('of n1');
    cache.send(`policy.${A}.view.n1`, { revision: 2 });
    await eventually(() => views.length === 1);
    for (const subject of [subjects.ack, subjects.flow, subjects.heartbeat, subjects.sandboxes])
      await node.publish(subject(A, 'n1'), {});
    served.close();
    await node.close();

    const forger = await raw(nats, credentials, nodeInbox('n1'));
    const others = [subjects.ack(A, 'n2'), subjects.flow(A, 'n2'), subjects.nodeView(A, 'n2')];
    for (const subject of [...others, 'cmd.clas-cache.node-snapshot.n2', '$JS.API.STREAM.INFO.FLOWS'])
      await expect(forger.request(subject, '{}', { timeout: 300 })).rejects.toThrow();
    const heard: string[] = [];
    for (const subject of ['>', `policy.${A}.view.n2`, `${nodeInbox('n2')}.>`])
      listen(forger, subject, heard);
    await forger.flush();
    cache.send(`policy.${A}.view.n2`, { revision: 3 });
    cache.send(`policy.${A}.view.n1`, { revision: 3 });
    await linkOf(cache).connection.flush();
    await forger.flush();
    expect(heard.filter((subject) => subject !== `policy.${A}.view.n1`)).toEqual([]);
    await forger.close();
  });

  it('uses nothing that a node names as a destination', async () => {
    const [n1, n2] = [await nodeCredentials('n1'), await nodeCredentials('n2')];
    const victim = await raw(nats, n2, nodeInbox('n2'));
    const heard: string[] = [];
    for (const subject of ['>', subjects.nodeView(A, 'n2'), '_INBOX.>']) listen(victim, subject, heard);
    await victim.flush();
    const own = [subjects.heartbeat(A, 'n1'), subjects.sandboxes(A, 'n1'), subjects.ack(A, 'n1')];
    await owner.publish(subjects.flow(A, 'n1'), {});
    await owner.publish(`flow.${A}.decorated.n1`, {});
    for (const subject of own) await owner.publish(subject, {});
    const served = serveSnapshots();
    const before = await streams();
    const node = await raw(nats, n1, nodeInbox('n1'));
    await attack(node, [...own, subjects.flow(A, 'n1'), 'cmd.clas-cache.node-snapshot.n1']);
    // The last answer is back: everything before it has been worked off.
    await node.request(subjects.heartbeat(A, 'n1'), '{}');
    await node.request('cmd.clas-cache.node-snapshot.n1', '{}');
    await victim.flush();
    expect(await streams()).toEqual(before);
    expect(heard).toEqual([]);
    served.close();
    await Promise.all([node.close(), victim.close()]);
  });

  it('uses nothing that kubelink names as a destination', async () => {
    await owner.publish(subjects.readiness(A, 'p1'), { ready: true });
    await ensureKubelinkDurable(cache, A);
    for (const kind of ['pod', 'list']) await owner.publish(`obs.${A}.${kind}.x`, {});
    const before = await streams();
    const kubelink = await raw(nats, await kubelinkCredentials(), serviceInbox('kubelink'));
    await attack(kubelink, [
      `obs.${A}.pod.x`,
      `obs.${A}.list.x`,
      `$JS.API.CONSUMER.MSG.NEXT.READINESS.${KUBELINK_DURABLE}`,
      `$JS.ACK.READINESS.${KUBELINK_DURABLE}.1.1.1.1.0`,
    ]);
    await kubelink.request(`obs.${A}.pod.x`, '{}');
    expect(await streams()).toEqual(before);
    await kubelink.close();
  });

  it('gives a credential for a key that the node made, and cuts it off when it is revoked', async () => {
    const own = createKeys('user');
    const { jwt, seed } = await nodeCredentials('n3', own.publicKey);
    expect(seed).toBe('');
    const credentials = { jwt, seed: own.seed };
    const node = await raw(nats, credentials, nodeInbox('n3'));
    await node.request(subjects.heartbeat(A, 'n3'), '{}');
    const ended = node.closed();
    await push(await mintNodeAccount(signer(), 'n3', Math.floor(Date.now() / 1_000)));
    await ended;
    await expect(raw(nats, credentials, nodeInbox('n3'))).rejects.toThrow();
  });

  it('says that a credential is not taken any more, and goes on with the one that was asked for then', async () => {
    let credentials = await nodeCredentials('n5');
    let asked = 0;
    const node = await connectBus({
      ...{ servers: nats.url, name: 'n5', server: 'cluster', inboxPrefix: nodeInbox('n5') },
      credentials: () => credentials,
      onRefused: () => {
        asked += 1;
        void mintNodeUser(signer(), 'n5').then((minted) => (credentials = minted));
      },
    });
    await node.publish(subjects.heartbeat(A, 'n5'), {});
    await push(await mintNodeAccount(signer(), 'n5', Math.floor(Date.now() / 1_000)));
    await eventually(() => asked > 0 && node.isConnected());
    await node.publish(subjects.heartbeat(A, 'n5'), {});
    await node.close();
  });

  it('closes the connection of a node that sends more than its payload, and keeps the others', async () => {
    const node = await raw(nats, await nodeCredentials('n1'), nodeInbox('n1'));
    const other = await raw(nats, await nodeCredentials('n2'), nodeInbox('n2'));
    const ended = node.closed();
    const large = new Uint8Array(2 * 1024 * 1024);
    // The client knows the limit from its server, and would not even try.
    expect(() => node.publish(subjects.flow(A, 'n1'), large)).toThrow('MAX_PAYLOAD_EXCEEDED');
    (node as unknown as { protocol: { info: { max_payload: number } } }).protocol.info.max_payload = 2 ** 30;
    node.publish(subjects.flow(A, 'n1'), large);
    await ended;
    await other.request(subjects.heartbeat(A, 'n2'), '{}');
    await other.close();
  });

  it('lets a node take no more subscriptions and connections than it needs', async () => {
    const credentials = await nodeCredentials('n4');
    const connections = await Promise.all([1, 2, 3].map(() => raw(nats, credentials, nodeInbox('n4'))));
    await expect(raw(nats, credentials, nodeInbox('n4'))).rejects.toThrow();
    const [first] = connections as [NatsConnection];
    const errors: string[] = [];
    void (async () => {
      for await (const status of first.status())
        if (status.type === Events.Error) errors.push(String(status.data));
    })();
    for (let i = 0; i < 40; i += 1) first.subscribe(`_INBOX.${i}`, { callback: () => undefined });
    await first.flush().catch(() => undefined);
    await eventually(() => errors.length > 0 || first.isClosed());
    await Promise.all(connections.map((each) => each.close()));
  });
});
