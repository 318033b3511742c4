/** Every filter that the API describes of inventory's collections, held against what their lists do; and support reports of the same node. */
import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { CallError, Subscription } from '@ringfence/bus';
import { subjects, SupportQuestion } from '@ringfence/contracts';
import type { NodeReport } from '@ringfence/contracts';
import { filterEffects, tokenOf } from '@ringfence/resources/testing';
import type { FilterEffect } from '@ringfence/resources/testing';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heard, newCluster } from './testing/inventory-client.js';
import { pairingOf } from './testing/pairing.js';
import { seen, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
let host: string;
beforeAll(async () => {
  world = await startWorld();
  const { id, token } = await newCluster(world);
  await world.observe(id, 'node', 'n1', seen.node('n1'));
  await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
  await world.observe(id, 'workload', 'w', seen.workload('shop', 'web'));
  await heard(world, id);
  const [found] = await world.events('KubernetesWorkloadDiscovered');
  await labelled(id, String(found?.data['id']));
  await world.inventory().pairNode(await pairingOf(world, { id, token }, 'machine-n1'));
  const { body: made } = await world.rest('workloads', 'create', {
    body: {
      ...{ name: 'host', hostname: 'host.example', description: 'in the rack', os_id: 'debian' },
      ...{ enforcement_mode: 'full', online: false, visibility_level: 'flow_off' },
      ...{ external_data_set: 'cmdb', external_data_reference: '1' },
      interfaces: [{ name: 'eth0', address: '10.9.9.9', link_state: 'up' }],
    },
  });
  host = (made as { href: string }).href.split('/').at(-1) ?? '';
  await world.rest('workloads', 'delete', {
    ids: [
      ((await world.rest('workloads', 'create', { body: { name: 'gone' } })).body as { href: string }).href
        .split('/')
        .at(-1) ?? '',
    ],
  });
});
afterAll(() => world.close());

/** As label-resolver says it. */
async function labelled(cluster: string, id: string): Promise<void> {
  const entity = { id, cluster, class: 'pod', kind: 'Deployment', namespace: 'shop', name: 'web' };
  await world.say('EntityLabelled', cluster, 'entity', id, {
    ...{ ...entity, labels: [], mode: 'full', refused: [], addresses: [], node: null },
  });
  await eventually(async () => (await world.rest('kubernetes_workloads', 'list')).total === 1);
}

describe('each filter that the API describes', () => {
  it.each([
    'container_clusters',
    'pairing_profiles',
    'workloads',
    'workloads/interfaces',
    'kubernetes_workloads',
    'networks',
    'vens',
  ])('of %s counts, or is refused by its name', async (collection) => {
    const ids = collection === 'workloads/interfaces' ? [host] : [];
    const effects = Object.entries(await filterEffects(world, collection, { ids })).filter(
      // Says how much of each is shown, and not which.
      ([name]) => name !== 'representation',
    );
    expect(effects.length).toBeGreaterThan(0);
    const wrong: FilterEffect[] = ['ignored', 'misses what it names'];
    expect(effects.filter(([, effect]) => wrong.includes(effect))).toEqual([]);
  });
});

describe('a support report', () => {
  const SEED = `SUAB${'Q2W3'.repeat(14)}`;
  const CODE = '0123456789abcdef'.repeat(5);
  const report = (node: string): NodeReport => ({
    ...{ at: new Date().toISOString(), node, missing: [`a token=${CODE} was sent`], policyVersion: 4 },
    view: { told: 7, acknowledged: 6, everywhere: null, waitingSince: null },
    agent: {
      ...{ heardAt: null, isDisconnected: false, isUnpaired: false, podsInKernel: 1, failureCount: 1 },
      failures: [{ pod: 'web-1', reason: 'cri_unavailable', message: `seed ${SEED} in a file` }],
    },
    ...{ places: 2, notInForce: [], notInForceCount: 0, refusedClaims: { count: 3, lastAt: null } },
  });
  const asked = async (href: string): Promise<{ status: string; message?: string }> => {
    const ids = [href.split('/').at(-1) ?? ''];
    return (await world.rest('support_report_requests', 'get', { ids })).body as { status: string };
  };
  const ended = (href: string) =>
    eventually(
      () => asked(href),
      ({ status }) => status !== 'pending',
    );
  const request = async (): Promise<string> => {
    const [ven] = (await world.rest('vens', 'list')).body as { href: string }[];
    const { body } = await world.rest('support_report_requests', 'create', { body: { ven } });
    expect(body).toMatchObject({
      status: 'pending',
      requested_by: { href: '/users/1' },
      ven: { href: ven?.href },
    });
    return (body as { href: string }).href;
  };
  /** As a cluster that answers so. */
  const answering = (answer: (node: string) => unknown): Subscription =>
    world.bus.subscribe('ask.*.*', ({ subject, payload }) => {
      const [, cluster = '', token = ''] = subject.split('.');
      world.bus.send(subjects.answer(cluster, token), answer(SupportQuestion.parse(payload).supportReportOf));
    });

  it('is made of what is heard of an agent and what its cluster knows of the node, without secrets', async () => {
    const cluster = answering((node) => ({ kind: 'reported', report: report(node) }));
    const href = await request();
    const id = href.split('/').at(-1) ?? '';
    expect(await ended(href)).toMatchObject({
      status: 'done',
      support_report: { href: `/orgs/1/support_reports/${id}` },
    });
    const [listed] = (await world.rest('support_reports', 'list')).body as { size: number }[];
    expect(listed).toMatchObject({ support_report_request: { href }, ven: { hostname: 'n1' } });
    const { body } = await world.rest('support_reports', 'download', { ids: [id] });
    const file = Buffer.from((body as { gzip: string }).gzip, 'base64');
    expect(file.length).toBe(listed?.size);
    const text = gunzipSync(file).toString();
    expect(JSON.parse(text)).toMatchObject({
      ...{ containerRuntime: 'containerd://1.6.20', ven: { hostname: 'n1' } },
      seenByCluster: { node: 'n1', view: { told: 7, acknowledged: 6 }, refusedClaims: { count: 3 } },
    });
    for (const secret of [SEED, CODE]) expect(text).not.toContain(secret);
    expect(text).toContain('[removed]');
    cluster.close();
  });

  it('is one of few that are made at once, and says why there is none', async () => {
    const many = await Promise.allSettled(Array.from({ length: 9 }, request));
    const refused = many.flatMap((each) => (each.status === 'rejected' ? [each.reason as CallError] : []));
    expect(refused.map(({ errors }) => errors[0]?.token)).toEqual(['too_many_requests_error']);
    const open = many.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(open).toHaveLength(8);
    for (const each of open)
      expect(await ended(each)).toMatchObject({
        status: 'failed',
        message: expect.stringMatching(/did not answer within 10 s/) as unknown,
      });
    for (const [answer, words] of [
      [{ kind: 'reported', report: {} }, /no readable answer/],
      [{ kind: 'unknown-node', message: 'the cluster knows of no node n1' }, /knows of no node n1/],
    ] as const) {
      const cluster = answering(() => answer);
      expect((await ended(await request())).message).toMatch(words);
      cluster.close();
    }
    const ids = [open[0]?.split('/').at(-1) ?? ''];
    expect(await tokenOf(world.rest('support_reports', 'get', { ids }))).toBe('not_found_error');
    expect(await tokenOf(world.rest('support_reports', 'download', { ids }))).toBe('not_found_error');
  });

  it('is made of a paired agent alone, and the oldest go', async () => {
    const of = (ven: string) =>
      world.rest('support_report_requests', 'create', { body: { ven: { href: ven } } });
    for (const ven of [randomUUID(), host, 'none'])
      expect(await tokenOf(of(`/orgs/1/vens/${ven}`))).toBe('reference_not_found');
    const cluster = answering((node) => ({ kind: 'reported', report: report(node) }));
    const [oldest] = ((await world.rest('support_report_requests', 'list')).body as { href: string }[]).slice(
      -1,
    );
    for (let made = 0; made < 100; made += 1) await ended(await request());
    const kept = (await world.rest('support_report_requests', 'list')).body as { href: string }[];
    expect([kept.length, kept.some(({ href }) => href === oldest?.href)]).toEqual([100, false]);
    cluster.close();
  });
});
