import { apiClient } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { StockApi } from '@ringfence/kubernetes/testing';
import { eventually } from '@ringfence/testing';
import { afterEach, beforeEach, describe, it } from 'vitest';
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
  const outbox = new ObservationOutbox('c', 1);
  watch = new ClusterWatch({
    client,
    outbox,
    onNews: () => {
      for (const { subject, payload } of outbox.take(100_000)) {
        const kind = subject.split('.')[2];
        if (kind === 'list') lists.push(payload);
        else told.set(`${kind} ${String(payload['uid'])}`, payload);
      }
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
