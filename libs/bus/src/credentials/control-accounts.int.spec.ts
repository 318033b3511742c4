import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CALLS, subjects } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, Credentials, LatestValue } from '../bus.js';
import { connectBus, linkOf } from '../connect.js';
import { ensureStreams, ensureUplinkDurable } from '../streams.js';
import { A, B, compute, inventory, listen, raw } from '../testing/edges.js';
import { mintClusterAccount, mintControlPlane, mintUplinkUser } from './control-plane.js';
import type { ControlPlaneKeys } from './control-plane.js';
import { formatCreds, parseCreds } from './creds-file.js';
import { serviceInbox } from './permissions.js';
import { pushAccount } from './push-account.js';
import { controlServerConfig } from './server-config.js';

describe('the control server', () => {
  let keys: ControlPlaneKeys;
  let nats: NatsServer;
  const buses: Bus[] = [];
  const service = async (name: string): Promise<Bus> => {
    const credentials = parseCreds(formatCreds(keys.services[name] as Credentials));
    const bus = await connectBus({
      servers: nats.url,
      name,
      server: 'control',
      credentials,
      inboxPrefix: serviceInbox(name),
    });
    buses.push(bus);
    return bus;
  };
  const uplink = async (cluster: string, expiresInSeconds = 600): Promise<Credentials> => {
    const account = await mintClusterAccount({
      operatorSeed: keys.operator.seed,
      coreAccount: keys.core.account,
      cluster,
    });
    await pushAccount(nats.url, keys.system.user, account.jwt);
    return mintUplinkUser(account, cluster, expiresInSeconds);
  };

  beforeAll(async () => {
    keys = await mintControlPlane([inventory, compute]);
    nats = await startNats({ config: (place) => controlServerConfig(place, keys) });
    await ensureStreams(await service('inventory'), 'control');
  });
  afterAll(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await nats.close();
  });

  it('waits longer than a server does by itself for who is slow to show his credential', async () => {
    const socket = connectTcp(nats.port, '127.0.0.1');
    const said: string[] = [];
    socket.on('data', (chunk: Buffer) => said.push(chunk.toString().split(' ')[0] ?? ''));
    await sleep(4_000);
    expect([said, socket.closed]).toEqual([['INFO'], false]);
    socket.destroy();
  });

  it('lets services do what their manifests declare', async () => {
    const [owner, caller] = [await service('inventory'), await service('policy-compute')];
    const seen: string[] = [];
    owner.consume(inventory.consumes[0] as never, async ({ subject }) => void seen.push(subject));
    const served = owner.serve(CALLS.standing, async () => ({ clusters: [] }));
    expect(await caller.call(CALLS.standing, {})).toEqual({ clusters: [] });
    served.close();
    await caller.publish('policy.global.labels.all', 1);
    const values: unknown[] = [];
    const reader = await caller.latest(
      'POLICY',
      'policy.*.labels.*',
      ({ payload }) => void values.push(payload),
    );
    await reader.caughtUp;
    expect(values).toEqual([1]);
    await expect(owner.publish('policy.global.labels.all', 2)).rejects.toThrow();
  });

  it('takes a cluster’s observations with acknowledgement, and gives it its own policy', async () => {
    const compute = await service('policy-compute');
    await compute.publish(`policy.${A}.unit.1`, 'first');
    await ensureUplinkDurable(await service('inventory'), A);
    const edge = await connectBus({
      servers: nats.url,
      name: 'clas',
      server: 'control',
      credentials: await uplink(A),
    });
    buses.push(edge);
    await edge.publish(`obs.${A}.pod.p1`, { uid: 'p1' }, { id: 'p1-1' });
    await edge.publishMany([
      { subject: `flow.${A}.decorated.n1`, payload: {} },
      { subject: `ack.${A}.node.n1`, payload: {} },
    ]);
    const values: unknown[] = [];
    const reader = await edge.latest(
      'POLICY',
      `policy.${A}.*.*`,
      ({ payload }) => void values.push(payload),
      { durable: `clas-${A}` },
    );
    await reader.caughtUp;
    await compute.publish(`policy.${A}.unit.2`, 'second');
    await compute.publish(`policy.${B}.unit.1`, 'of another cluster');
    await compute.remove(`policy.${A}.unit.1`);
    await eventually(() => values.length === 3);
    expect(values).toEqual(['first', 'second', null]);
  });

  it('gives a cluster what follows removals at once, also removals that nobody traces', async () => {
    const compute = await service('policy-compute');
    const ids = ['1', '2', '3', '4'];
    for (const id of ids) await compute.publish(`policy.${B}.group.${id}`, id);
    await ensureUplinkDurable(await service('inventory'), B);
    const edge = await connectBus({
      servers: nats.url,
      name: 'clas',
      server: 'control',
      credentials: await uplink(B),
    });
    buses.push(edge);
    const values: unknown[] = [];
    const take = ({ payload }: LatestValue): void => void values.push(payload);
    await edge.latest('POLICY', `policy.${B}.*.*`, take, { durable: `clas-${B}` });
    await eventually(() => values.includes('4'));
    for (const id of ids) await compute.remove(`policy.${B}.group.${id}`);
    await compute.publish(`policy.${B}.commit.${B}`, 'closed');
    // A pull that the server has ended and said nothing of would be noticed after 12 s.
    await eventually(() => values.at(-1) === 'closed');
    expect(values.slice(-5)).toEqual([null, null, null, null, 'closed']);
  });

  it('gives a cluster no way to another: by no subject and by no reply subject', async () => {
    const [owner, compute] = [await service('inventory'), await service('policy-compute')];
    await ensureUplinkDurable(owner, A);
    await compute.publish(`policy.${A}.unit.9`, 'secret of a');
    const [a, b] = [await raw(nats, await uplink(A)), await raw(nats, await uplink(B))];
    const heardByB: string[] = [];
    for (const subject of ['>', `policy.${A}.>`, `policy.${B}.>`, `obs.${B}.>`, '_INBOX.>'])
      listen(b, subject, heardByB);
    const heardByA: string[] = [];
    for (const subject of ['>', `policy.${A}.>`, 'policy.>', `obs.${B}.>`]) listen(a, subject, heardByA);
    // Its own pull and its own observation, to be answered on subjects of the other cluster, of the core, of an inbox.
    for (const reply of [
      `obs.${B}.pod.forged`,
      `policy.${B}.unit.forged`,
      'evt.global.label.forged',
      '_INBOX.b.forged',
    ]) {
      a.publish(`$JS.API.CONSUMER.MSG.NEXT.POLICY.clas-${A}`, JSON.stringify({ batch: 1, expires: 5e8 }), {
        reply,
      });
      a.publish(`obs.${A}.pod.p2`, '{}', { reply });
    }
    const foreign = [
      `obs.${B}.pod.forged`,
      `$JS.API.CONSUMER.MSG.NEXT.POLICY.clas-${B}`,
      '$JS.API.STREAM.INFO.POLICY',
      '$JS.API.INFO',
    ];
    for (const subject of foreign) await expect(a.request(subject, '{}', { timeout: 300 })).rejects.toThrow();
    const stored = async (stream: string, filter: string): Promise<number> => {
      const { state } = await linkOf(owner).manager.streams.info(stream, { subjects_filter: filter });
      return Object.keys(state.subjects ?? {}).length;
    };
    await eventually(async () => (await stored('OBSERVATIONS', `obs.${A}.pod.p2`)) === 1);
    expect(await stored('OBSERVATIONS', `obs.${B}.>`)).toBe(0);
    expect(await stored('POLICY', `policy.${B}.unit.forged`)).toBe(0);
    expect(await stored('EVENTS', 'evt.global.label.forged')).toBe(0);
    expect(heardByB).toEqual([]);
    expect(heardByA).toEqual([]);
    await Promise.all([a.close(), b.close()]);
  });

  it('takes what two clusters say under the same message id, but for the moment that a server must remember one', async () => {
    for (const cluster of [A, B]) {
      const edge = await raw(nats, await uplink(cluster));
      const say = () =>
        edge.jetstream().publish(`obs.${cluster}.pod.p7`, '{}', { msgID: 'chosen by a cluster' });
      expect(await eventually(say, ({ duplicate }) => !duplicate)).toMatchObject({ stream: 'OBSERVATIONS' });
      await edge.close();
    }
  });

  it('uses nothing that a cluster names as a destination', async () => {
    const owner = await service('inventory');
    await (await service('policy-compute')).publish(`policy.${A}.unit.2`, 'of a');
    await ensureUplinkDurable(owner, A);
    const may = [
      `obs.${A}.pod.x`,
      subjects.heartbeat(A, 'n1'),
      subjects.decorated(A, 'n1'),
      subjects.ack(A, 'n1'),
    ];
    const edge = await raw(nats, await uplink(A));
    for (const subject of may) await edge.request(subject, '{}');
    const names = ['OBSERVATIONS', 'AGENTS', 'FLOWS', 'ACKS', 'POLICY', 'EVENTS'];
    const held = (): Promise<unknown[]> =>
      Promise.all(
        names.map(async (name) => {
          const { state } = await linkOf(owner).manager.streams.info(name, { subjects_filter: '>' });
          return Object.keys(state.subjects ?? {}).sort();
        }),
      );
    const before = await held();
    const reach = [`$JS.API.CONSUMER.MSG.NEXT.POLICY.clas-${A}`, `$JS.ACK.POLICY.clas-${A}.1.1.1.1.0`];
    for (const subject of [...may, `answer.${A}.t`, ...reach])
      for (const reply of [
        ...names.flatMap((name) => [`$JS.API.STREAM.PURGE.${name}`, `$JS.API.STREAM.DELETE.${name}`]),
        ...[
          `obs.${B}.pod.forged`,
          `policy.${A}.unit.forged`,
          subjects.decorated(B, 'n1'),
          '$SYS.REQ.CLAIMS.UPDATE',
        ],
      ])
        edge.publish(subject, '+NXT', { reply });
    await edge.request(may[0]!, '{}');
    expect(await held()).toEqual(before);
    await edge.close();
  });

  it('asks one cluster, and hears the answer from that cluster only', async () => {
    const asker = await service('policy-compute');
    const [a, b] = [await raw(nats, await uplink(A)), await raw(nats, await uplink(B))];
    const [heardByA, heardByB]: [string[], string[]] = [[], []];
    for (const subject of [`ask.${A}.*`, `ask.${B}.*`, 'ask.>', '>']) listen(a, subject, heardByA);
    for (const subject of [`ask.${A}.*`, `ask.${B}.*`, 'ask.>', '>']) listen(b, subject, heardByB);
    await Promise.all([a.flush(), b.flush()]);
    const answers: string[] = [];
    const listening = [A, B].map((cluster) =>
      asker.subscribe(`answer.${cluster}.token-1`, ({ subject }) => void answers.push(subject)),
    );
    asker.send(`ask.${A}.token-1`, { from: 'x' });
    await eventually(() => heardByA.length > 0);
    // The other cluster answers in the name of this one; both try to have an answer sent on.
    b.publish(`answer.${A}.token-1`, '{}');
    for (const reply of [`answer.${B}.token-1`, `ask.${B}.token-2`, `policy.${B}.unit.forged`])
      a.publish(`answer.${A}.token-1`, '{}', { reply });
    await eventually(() => answers.length === 3);
    await Promise.all([a.flush(), b.flush()]);
    expect(heardByA).toEqual([`ask.${A}.token-1`]);
    expect(heardByB).toEqual([]);
    expect(new Set(answers)).toEqual(new Set([`answer.${A}.token-1`]));
    for (const each of listening) each.close();
    await Promise.all([a.close(), b.close()]);
  });

  it('cuts an expired credential off, and takes the renewed one without a new start', async () => {
    await ensureUplinkDurable(await service('inventory'), A);
    let current = await uplink(A, 2);
    let asked = 0;
    const states: boolean[] = [];
    const edge = await connectBus({
      servers: nats.url,
      name: 'clas',
      server: 'control',
      credentials: () => {
        asked += 1;
        return current;
      },
      onState: ({ connected }) => void states.push(connected),
    });
    buses.push(edge);
    await eventually(() => states.includes(false));
    await expect(edge.publish(`obs.${A}.pod.p3`, {})).rejects.toThrow(/away/);
    current = await uplink(A);
    await eventually(() => edge.isConnected());
    await edge.publish(`obs.${A}.pod.p3`, {});
    expect(asked).toBeGreaterThan(1);
  });

  it('knows pushed accounts after a restart', async () => {
    const credentials = await uplink(B);
    await nats.kill();
    await nats.start();
    const edge = await connectBus({ servers: nats.url, name: 'clas', server: 'control', credentials });
    buses.push(edge);
    await edge.publish(`obs.${B}.pod.p1`, {});
  });
});
