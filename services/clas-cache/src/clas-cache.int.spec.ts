import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askCluster, createKeys, signProof } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import {
  CredentialChallenge,
  DecoratedFlowBatch,
  NodeViewMessage,
  parseSubject,
  PodReadiness,
  subjects,
  SupportAnswer,
} from '@ringfence/contracts';
import type {
  AgentHeartbeat,
  FlowBatch,
  NodeAck,
  NodeSandboxes,
  NodeView,
  ObservationKind,
} from '@ringfence/contracts';
import { askForView, viewMessage, viewOf } from '@ringfence/edge';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, freePort } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAIRING_KEY, publishPolicy, startGateway, TOKEN } from './testing/control-plane.js';
import type { Gateway } from './testing/control-plane.js';
import { CLUSTER, DB, groups, inLists, node, pod, service, units, WEB, workload } from './testing/facts.js';
import { startClas } from './testing/started-clas.js';
import { startTwoServers } from './testing/two-servers.js';
import type { TwoServers } from './testing/two-servers.js';

let servers: TwoServers;
let clusterNats: NatsServer;
let controlNats: NatsServer;
let gateway: Gateway;
let cluster: Bus;
let control: Bus;
let directory: string;
let port: number;
let clas: HostedProcess;

const start = (): Promise<HostedProcess> =>
  startClas({
    GATEWAY_URL: gateway.url,
    NATS_URL: clusterNats.url,
    RINGFENCE_PORT: String(port),
    RINGFENCE_DATA_DIR: directory,
  });

beforeAll(async () => {
  servers = await startTwoServers();
  ({ clusterNats, controlNats, cluster, control, directory } = servers);
  gateway = await startGateway(controlNats.url);
  port = await freePort();
  clas = await start();
});

afterAll(async () => {
  await clas.stop();
  await gateway.close();
  await servers.close();
});

let serial = 0;
async function observe(kind: ObservationKind, id: string, payload: unknown): Promise<void> {
  await cluster.publish(subjects.observation(CLUSTER, kind, id), payload, { id: `${id}/${++serial}` });
}
async function listed(): Promise<void> {
  await observe('namespace', 'shop-uid', {
    ...{
      uid: 'shop-uid',
      resourceVersion: '1',
      epoch: 'e1',
      gone: false,
      observedAt: new Date().toISOString(),
    },
    ...{ name: 'shop', labels: {}, annotations: {} },
  });
  await observe('node', 'node-1-uid', node('node-1'));
  for (const name of ['web', 'db']) await observe('workload', `${name}-owner`, workload(name));
  await observe('pod', 'web-1', pod('web', 1));
  await observe('pod', 'db-2', pod('db', 2, { node: 'node-2' }));
  for (const kind of ['namespace', 'node', 'workload', 'pod', 'service']) {
    await observe('list', kind, { kind, epoch: 'e1', count: 1, observedAt: new Date().toISOString() });
  }
}
const snapshot = (name: string): Promise<NodeView> => askForView(cluster, name);
const ack = (name: string, revision: number, pods: string[]): Promise<void> => {
  const payload: NodeAck = {
    ...{ node: name, bootId: 'b', revision, at: new Date().toISOString(), applyMs: 1, pods, failed: [] },
  };
  return cluster.publish(subjects.ack(CLUSTER, name), payload);
};
const post = (path: string, body: object): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const credentials = (body: object): Promise<Response> => post('/v1/credentials', body);
const key = createKeys('user');
async function asNode(over: { pairingKey?: string; seed?: string } = {}): Promise<Response> {
  const { cluster, challenge } = CredentialChallenge.parse(await (await post('/v1/challenge', {})).json());
  const machine = { pairingKey: PAIRING_KEY, machineId: 'machine-node-1', version: '1', ...over };
  const proof = signProof(over.seed ?? key.seed, { cluster, machineId: machine.machineId, challenge });
  return credentials({ role: 'cven', ...machine, ...proof, challenge });
}

describe('clas-cache', () => {
  it('says what is missing, in words, and tells no node anything before it is in sync', async () => {
    const { missing } = (await (await fetch(`${clas.managementUrl}/readyz`)).json()) as { missing: string[] };
    expect(missing.join(' ')).toContain('no list of pods yet');
    await expect(snapshot('node-1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('gives a node the units of its Pods, the groups that they name and the endpoints in those', async () => {
    await publishPolicy(control, 1);
    await listed();
    await eventually(async () => (await fetch(`${clas.managementUrl}/readyz`)).status === 200);
    const view = await snapshot('node-1');
    expect(view.base).toBeNull();
    expect(view.units.upsert.map((unit) => unit.labelSet.id)).toEqual([WEB.id]);
    expect(view.endpoints.upsert.map((endpoint) => endpoint.id).sort()).toEqual(['db-2', 'web-1']);
    expect(view.namespaces).toEqual([{ name: 'shop', mode: 'full' }]);
    expect(viewOf(NodeViewMessage.parse(viewMessage(view)))).toEqual(view);
  });

  it('tells a new Pod of a known workload to those who must know it, at the Kubernetes event', async () => {
    await snapshot('node-2');
    const views: NodeView[] = [];
    const subscription = cluster.subscribe(subjects.nodeView(CLUSTER, 'node-1'), ({ payload }) => {
      views.push(viewOf(NodeViewMessage.parse(payload))!);
    });
    await observe('pod', 'db-3', pod('db', 3, { node: 'node-2' }));
    await eventually(() =>
      views.some((view) => view.endpoints.upsert.some((endpoint) => endpoint.id === 'db-3')),
    );
    const delta = views.at(-1)!;
    expect(delta.endpoints.upsert).toMatchObject([
      { id: 'db-3', labelSet: DB.id, addresses: ['10.244.1.3'] },
    ]);
    expect(delta.units.upsert.length + delta.groups.upsert.length).toBe(0);
    subscription.close();
  });

  it('opens a ClusterIP to the consumer when a Service stands before the provider', async () => {
    const backends = [{ portIndex: 0, targetPort: 5432, podUid: 'db-2', address: '10.244.1.2' }];
    await observe('service', 'db-service', service('db', { backends }));
    await eventually(async () => (await snapshot('node-1')).units.upsert[0]!.egress.length === 2);
    const view = await snapshot('node-1');
    const [, opened] = view.units.upsert[0]!.egress;
    expect(opened).toMatchObject({ ports: [{ proto: 6, from: 80, to: 80 }] });
    expect(view.groups.upsert.find((group) => group.id === opened!.peers[0])?.cidrs).toEqual([
      '10.96.0.20/32',
    ]);
  });

  it('says that a Pod is ready when its node and all who know it have acknowledged it', async () => {
    const told: PodReadiness[] = [];
    const reader = await cluster.latest('READINESS', subjects.readiness(CLUSTER, 'web-4'), ({ payload }) => {
      if (payload !== null) told.push(PodReadiness.parse(payload));
    });
    await observe('pod', 'web-4', pod('web', 4, { readinessGates: ['com.illumio.policy-ready'] }));
    await eventually(() => told.at(-1)?.reason === 'PolicyPending');
    const [here, there] = [await snapshot('node-1'), await snapshot('node-2')];
    await ack('node-1', here.revision, ['web-1', 'web-4']);
    await ack('node-2', there.revision - 1, ['db-2', 'db-3']);
    await eventually(() => told.at(-1)?.message.includes('node-2') === true);
    expect(told.at(-1)?.ready).toBe(false);
    await ack('node-2', there.revision, ['db-2', 'db-3']);
    await eventually(() => told.at(-1)?.ready === true);
    expect(told.at(-1)?.reason).toBe('PolicyReady');
    await observe('pod', 'web-4', { ...pod('web', 4), gone: true });
    await reader.close();
  });

  it('forwards observations but not Pods, and acknowledgements per workload', async () => {
    const forwarded = new Set<string>();
    const acks: unknown[] = [];
    const readers = await Promise.all([
      control.latest(
        'OBSERVATIONS',
        `obs.${CLUSTER}.*.*`,
        ({ subject }) => void forwarded.add(parseSubject(subject).kind),
      ),
      control.latest('ACKS', subjects.ack(CLUSTER, 'node-1'), ({ payload }) => void acks.push(payload)),
    ]);
    await eventually(() => forwarded.has('service') && forwarded.has('list') && forwarded.has('workload'));
    expect([...forwarded].sort()).toEqual(['list', 'namespace', 'node', 'service', 'workload']);
    await eventually(() => acks.length > 0);
    expect(acks.at(-1)).toMatchObject({ node: 'node-1', policyVersion: 1 });
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('decorates flows with both ends and the workload behind a ClusterIP', async () => {
    const batches: DecoratedFlowBatch[] = [];
    const reader = await control.latest('FLOWS', subjects.decorated(CLUSTER, 'node-1'), ({ payload }) => {
      batches.push(DecoratedFlowBatch.parse(payload));
    });
    const batch: FlowBatch = {
      ...{ id: 'node-1/b/1', node: 'node-1', revision: 1, policyVersion: 1 },
      ...{ from: new Date().toISOString(), to: new Date().toISOString(), overflow: 0 },
      reporters: [
        {
          id: 'web-1',
          mode: 'full',
          flows: [
            {
              ...{ src: '10.244.1.1', dst: '10.96.0.20', direction: 'outbound', proto: 6, port: 80 },
              ...{ verdict: 'allowed', state: 'new', connections: 1, bytesOut: 1, bytesIn: 1 },
              ...{ rule: null, ruleClass: null },
            },
          ],
        },
      ],
    };
    await cluster.publish(subjects.flow(CLUSTER, 'node-1'), batch, { id: batch.id });
    await eventually(() => batches.length > 0);
    const [{ ends, flows }] = batches as [DecoratedFlowBatch];
    expect(flows[0]).toMatchObject({ port: 80, targetPort: 5432 });
    expect(ends[flows[0]!.src]).toMatchObject({
      name: 'web',
      labels: ['1', '3'],
      mode: 'full',
      managed: true,
    });
    expect(ends[flows[0]!.dst]).toMatchObject({ service: { namespace: 'shop', name: 'db' }, workload: null });
    expect(ends[flows[0]!.target]).toMatchObject({ name: 'db', labels: ['2', '3'] });
    await reader.close();
  });

  it('believes no node that speaks for another, and tells the control plane of it', async () => {
    const heartbeat = (name: string, more: Partial<AgentHeartbeat> = {}): AgentHeartbeat => ({
      ...{ node: name, machineId: `machine-${name}`, version: '1', addresses: [], revision: 0, pods: 0 },
      ...{
        podsEnforced: 0,
        errors: [],
        observedAt: new Date().toISOString(),
        status: 'active',
        judging: true,
        ...more,
      },
    });
    const told: { subject: string; payload: unknown }[] = [];
    const reader = await control.latest('AGENTS', `agent.${CLUSTER}.*.*`, (value) => void told.push(value));
    // On its own subjects, as its credential allows: another node's farewell, acknowledgement, Pod and flows.
    await cluster.publish(subjects.heartbeat(CLUSTER, 'node-1'), heartbeat('node-2', { status: 'unpaired' }));
    await cluster.publish(subjects.ack(CLUSTER, 'node-1'), {
      ...{ node: 'node-2', bootId: 'b', revision: 10 ** 9, at: new Date().toISOString() },
      ...{ applyMs: 1, pods: ['db-2'], failed: [] },
    } satisfies NodeAck);
    await cluster.publish(subjects.sandboxes(CLUSTER, 'node-1'), {
      ...{ bootId: 'b', sequence: 1, at: new Date().toISOString() },
      sandboxes: [{ podUid: 'db-2', namespace: 'shop', name: 'db-2', addresses: ['192.0.2.66'] }],
    } satisfies NodeSandboxes);
    await cluster.publish(subjects.heartbeat(CLUSTER, 'node-2'), heartbeat('node-2'));
    const refusals = (): unknown[] => told.filter(({ subject }) => subject.includes('.refusal.'));
    await eventually(
      () => refusals().length > 0 && told.some(({ subject }) => subject.endsWith('.heartbeat.node-2')),
    );
    expect(refusals()[0]).toMatchObject({ payload: { node: 'node-1' } });
    expect(told.some(({ subject }) => subject.endsWith('.heartbeat.node-1'))).toBe(false);
    const metrics = await (await fetch(`${clas.managementUrl}/metrics`)).text();
    for (const claim of ['heartbeat', 'ack', 'sandbox'])
      expect(metrics).toMatch(new RegExp(`clas_cache_refused_claims_total{[^}]*claim="${claim}"[^}]*} 1`));
    expect((await snapshot('node-1')).endpoints.upsert.find(({ id }) => id === 'db-2')?.addresses).toEqual([
      '10.244.1.2',
    ]);
    await reader.close();
  });

  it('reports what it knows of a node, and that it knows of none', async () => {
    const asking = (node: string) =>
      askCluster(control, {
        ...{ cluster: CLUSTER, question: { supportReportOf: node }, deadlineMs: 60_000 },
        read: (payload) => SupportAnswer.parse(payload),
      });
    const { revision } = await snapshot('node-1');
    await ack('node-1', revision, ['web-1']);
    const report = await eventually(
      () => asking('node-1'),
      (answer) => answer.kind === 'reported' && answer.report.view.acknowledged === revision,
    );
    expect(report).toMatchObject({
      report: {
        ...{ node: 'node-1', policyVersion: 1, missing: [], places: expect.any(Number) as unknown },
        view: { told: revision, waitingSince: null },
        agent: { isDisconnected: false, podsInKernel: 1, failures: [], failureCount: 0 },
      },
    });
    const { refusedClaims } = (report as { report: { refusedClaims: { count: number } } }).report;
    expect(refusedClaims.count).toBeGreaterThan(2);
    expect(await asking('node-9')).toEqual({
      kind: 'unknown-node',
      message: 'the cluster knows of no node node-9',
    });
  });

  it('gives credentials to those who prove who they are', async () => {
    const { publicKey } = key;
    const kubelink = { role: 'kubelink', cluster: CLUSTER, publicKey };
    expect((await credentials({ ...kubelink, token: 'wrong' })).status).toBe(401);
    expect((await asNode({ pairingKey: 'wrong' })).status).toBe(401);
    expect((await credentials({ role: 'nobody' })).status).toBe(400);
    const given = await credentials({ ...kubelink, token: TOKEN });
    expect(await given.json()).toMatchObject({
      cluster: CLUSTER,
      name: 'kubelink',
      natsUrl: clusterNats.url,
    });
    const paired = await asNode();
    const answer = (await paired.json()) as object;
    expect(answer).toMatchObject({ name: 'node-1' });
    expect(answer).not.toHaveProperty('seed');
    expect(await readFile(join(directory, 'pairings.json'), 'utf8')).not.toContain(PAIRING_KEY);
  });

  it('goes on after a restart while the control plane is away', async () => {
    const before = await snapshot('node-1');
    await clas.stop();
    await gateway.close();
    await controlNats.stop();
    clas = await start();
    await eventually(async () => (await fetch(`${clas.managementUrl}/readyz`)).status === 200);
    const after = await snapshot('node-1');
    expect(after.revision).toBeGreaterThan(before.revision);
    expect(after.units).toEqual(before.units);
    await observe('pod', 'db-5', pod('db', 5, { node: 'node-2' }));
    await eventually(async () =>
      (await snapshot('node-1')).endpoints.upsert.some((endpoint) => endpoint.id === 'db-5'),
    );
    expect((await asNode()).status).toBe(200);
    expect((await asNode({ seed: createKeys('user').seed })).status).toBe(503);
  });

  it('renews nobody meanwhile by what another cluster has accepted, whose disk it was', async () => {
    await clas.stop();
    const kept = join(directory, 'pairings.json');
    const text = await readFile(kept, 'utf8');
    expect(text).toContain(CLUSTER);
    await writeFile(kept, text.replaceAll(CLUSTER, '99999999-9999-4999-8999-999999999999'));
    clas = await start();
    expect((await asNode()).status).toBe(503);
  });

  it('takes the newer policy when the control plane is back, and delivers what waited', async () => {
    await controlNats.start();
    gateway = await startGateway(controlNats.url, Number(new URL(gateway.url).port));
    await eventually(() => control.isConnected());
    for (const { unit, list } of units.map(inLists)) {
      await control.remove(subjects.policy(CLUSTER, 'unit', unit.labelSet.id));
      await control.remove(subjects.policy(CLUSTER, 'list', list.id));
    }
    await publishPolicy(control, 2, { units: [], groups });
    await eventually(async () => (await snapshot('node-1')).policyVersion === 2);
    const closed = (await snapshot('node-1')).units.upsert.map(({ ingress, egress }) => [
      ...ingress,
      ...egress,
    ]);
    expect(closed).toEqual([[]]);
  });
});
