import { apiClient } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { StockApi } from '@ringfence/kubernetes/testing';
import type { Answer } from '@ringfence/kubernetes/testing';
import { eventually } from '@ringfence/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ObservationOutbox } from '../domain/observation-outbox.calculator.js';
import { ClusterWatch } from './cluster-watch.js';
import type { ClusterWatchOptions } from './cluster-watch.js';

const [PODS, NAMESPACES] = ['/api/v1/pods', '/api/v1/namespaces'];

let api: StockApi;
let client: ApiClient;
let watch: ClusterWatch;
/** `pod a` → how it was told last. */
const told = new Map<string, Record<string, unknown>>();
const lists: Record<string, unknown>[] = [];
const names = (kind: string): string[] =>
  [...told]
    .flatMap(([key, { gone, name }]) => (key.startsWith(`${kind} `) && !gone ? [String(name)] : []))
    .sort();

function follow(more: Partial<ClusterWatchOptions> = {}): void {
  const outbox = more.outbox ?? new ObservationOutbox('c', 1);
  watch = new ClusterWatch({
    client,
    outbox,
    onNews: () => {
      const taken = outbox.take(100_000);
      for (const { subject, payload } of taken) {
        const kind = subject.split('.')[2];
        if (kind === 'list') lists.push(payload);
        else told.set(`${kind} ${String(payload['uid'])}`, payload);
      }
      outbox.told(taken);
    },
    onTrouble: () => undefined,
    onMended: () => undefined,
    resyncEveryMs: 3_600_000,
    importsNetworkPolicies: false,
    now: () => new Date(),
    ...more,
  });
}
const pod = (name: string): string =>
  api.put(PODS, name, { metadata: { namespace: 'default' }, spec: { nodeName: 'n1' }, status: {} });

beforeEach(async () => {
  api = await StockApi.start();
  client = apiClient({ server: api.url, tls: { rejectUnauthorized: true }, token: () => undefined });
  api.put(NAMESPACES, 'default');
});
afterEach(async () => {
  await watch.close();
  await client.close();
  await api.close();
  told.clear();
  lists.length = 0;
});

describe('Kubelink and a cluster whose state was put back', () => {
  it('shows what the server has, although the watch is silent', async () => {
    pod('stays');
    pod('before');
    follow();
    await eventually(() => watch.isInSync());
    const restore = api.snapshot();
    api.remove(PODS, 'before');
    pod('later');
    await eventually(() => names('pod').join() === 'later,stays');
    restore();
    await eventually(() => names('pod').join() === 'before,stays');
    pod('after');
    await eventually(() => names('pod').join() === 'after,before,stays');
  });
});

const FORBIDDEN: Answer = {
  status: 403,
  body: { reason: 'Forbidden', message: 'User "kubelink" cannot list resource at the cluster scope' },
};
const owned = (kind: string, name: string, uid: string) => ({
  metadata: { namespace: 'default', ownerReferences: [{ kind, name, uid, controller: true }] },
});
const lacks = (): string[] => watch.lacks().map(({ token, message }) => `${token}: ${message}`);

describe('Kubelink and kinds that it may not read, or that are not there', () => {
  it('names them, and tells everything else', async () => {
    const [JOBS, CRON_JOBS] = ['/apis/batch/v1/jobs', '/apis/batch/v1/cronjobs'];
    const job = api.put(JOBS, 'nightly-1', owned('CronJob', 'nightly', 'c1'));
    api.put(PODS, 'nightly-1-a', { ...owned('Job', 'nightly-1', job), spec: {}, status: {} });
    let isForbidden = true;
    api.fault = ({ path }) => {
      if (path === '/apis/apps/v1/daemonsets') return { status: 404, body: { message: 'not here' } };
      return path === CRON_JOBS && isForbidden ? FORBIDDEN : undefined;
    };
    follow({ askAgainForRefusedMs: 20 });
    await eventually(() => watch.isInSync());
    expect(lacks().sort()).toEqual([
      'not_permitted: cronjobs may not be read',
      'not_permitted: daemonsets are not there',
    ]);
    expect(
      watch
        .lacks()
        .map(({ detail }) => detail)
        .join(),
    ).toContain('User "kubelink" cannot list');
    expect(names('pod')).toEqual(['nightly-1-a']);
    expect(names('workload')).toEqual(['nightly-1']);
    // What is not seen is not said to be gone.
    const marker = (kind: string) => lists.findLast((list) => list['kind'] === kind);
    expect([marker('workload')?.['isPartial'], marker('pod')?.['isPartial']]).toEqual([true, undefined]);
    isForbidden = false;
    api.put(CRON_JOBS, 'nightly', { metadata: { uid: 'c1', namespace: 'default' } });
    await eventually(() => names('workload').join() === 'nightly');
    await eventually(() => lacks().join() === 'not_permitted: daemonsets are not there');
  });

  it('does without a kind of an API group that is not there, although asking for it is forbidden', async () => {
    api.fault = ({ path }) => {
      if (path === '/apis/apps.openshift.io/v1') return { status: 404 };
      return path.startsWith('/apis/apps.openshift.io') ? FORBIDDEN : undefined;
    };
    follow();
    await eventually(() => watch.isInSync());
    expect(lacks()).toEqual([]);
  });

  it('keeps what it knows of a kind that may not be read any more', async () => {
    pod('kept');
    follow({ askAgainForRefusedMs: 20 });
    await eventually(() => watch.isInSync());
    api.fault = ({ path }) => (path === PODS ? FORBIDDEN : undefined);
    api.breakOff();
    await eventually(() => lacks().join() === 'not_permitted: pods may not be read');
    watch.tellAgain();
    await eventually(() => lists.findLast((list) => list['kind'] === 'pod')?.['isPartial'] === true);
    expect(names('pod')).toEqual(['kept']);
    api.fault = () => undefined;
    api.remove(PODS, 'kept');
    await eventually(() => names('pod').length === 0 && watch.lacks().length === 0);
  });
});

describe('Kubelink and an API server that is away', () => {
  it('says so, whether the server is silent or refuses, and comes back by itself', async () => {
    follow({ presence: { everyMs: 20, answerWithinMs: 50 } });
    await eventually(() => watch.isInSync());
    for (const away of ['silence', { status: 503, body: { message: 'etcdserver: no leader' } }] as const) {
      api.fault = () => away;
      api.breakOff();
      await eventually(() => !watch.isInSync());
      expect(lacks()).toEqual([
        expect.stringMatching(/^api_server_away: the API server has not answered since 20.*Z$/),
      ]);
      const name = `during-${names('pod').length}`;
      pod(name);
      // They wait for an answer that does not come, or ever longer before they ask again.
      const asked = api.requests.length;
      await eventually(() => api.requests.slice(asked).some((request) => request.includes('/pods')));
      api.fault = () => undefined;
      await eventually(() => watch.isInSync() && names('pod').includes(name));
    }
  });

  it('says which kind it cannot follow while the server answers for the others', async () => {
    follow({ presence: { everyMs: 20 }, troubledAfterMs: 50 });
    await eventually(() => watch.isInSync());
    api.fault = ({ path, isWatch }) =>
      path === PODS && isWatch ? { status: 500, body: { message: 'broken' } } : undefined;
    api.breakOff();
    await eventually(() => lacks().length === 1);
    expect(lacks()).toEqual([expect.stringMatching(/^not_followed: pods cannot be followed since 20.*Z$/)]);
    expect(watch.isInSync()).toBe(false);
    api.fault = () => undefined;
    await eventually(() => watch.isInSync());
  });
});

describe('Kubelink and what it has listed', () => {
  it('is in sync once all of it is told, and still while it is told again', async () => {
    const outbox = new ObservationOutbox('c', 1);
    follow({ outbox, onNews: () => undefined });
    await eventually(() => outbox.size > 0);
    expect(lacks()).toEqual(['not_told: what was listed is not told yet']);
    const taken = outbox.take(100_000);
    expect(watch.isInSync()).toBe(false);
    outbox.told(taken);
    expect([watch.isInSync(), lacks()]).toEqual([true, []]);
    watch.tellAgain();
    expect([outbox.size > 0, watch.isInSync()]).toEqual([true, true]);
  });
});
