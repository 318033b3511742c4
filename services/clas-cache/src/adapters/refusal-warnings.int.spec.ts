/** What is refused as events of Kubernetes, on a real API server. */
import { apiClient, fromKubeconfig } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import { startApiServer, type ApiServer } from '@ringfence/sandbox';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ActorStore } from '../domain/actor-store.js';
import { AT, catalogue, CLUSTER, profile, tellLists, tellPolicy, workload } from '../testing/facts.js';
import { RefusalWarnings } from './refusal-warnings.js';
import { refusalsOf } from './refusals.js';

let api: ApiServer;
let client: ApiClient;
let looks = 0;
const opened: RefusalWarnings[] = [];

beforeAll(async () => {
  api = await startApiServer();
  client = apiClient(fromKubeconfig(api.kubeconfig, 'kubeconfig'));
  await api.cluster.resource('namespaces').create({ metadata: { name: 'shop' } });
});
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await client?.close();
  await api?.close();
});

interface Event {
  readonly type: string;
  readonly message: string;
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid: string };
}
const events = async (): Promise<Event[]> =>
  (await client.get<{ items: Event[] }>('/api/v1/namespaces/shop/events')).items;

const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 0 });
store.told('labels', '', catalogue);
store.told('profile', 'shop', profile('shop'));
tellLists(store);
tellPolicy(store, {});
store.caughtUp();
const annotated = (annotations: Record<string, string>) =>
  store.observe('workload', workload('web', { annotations }));

function open(): void {
  const refusals = () => {
    looks += 1;
    return refusalsOf(store);
  };
  const onTrouble = (_: string, error: unknown) => expect.unreachable(String(error));
  opened.push(new RefusalWarnings({ client, refusals, onTrouble, lookEveryMs: 20 }));
}
const looksAgain = async (): Promise<void> => {
  const before = looks;
  await eventually(() => looks > before + 3);
};

describe('a label that a workload asks for and does not get', () => {
  it('is an event at the workload, with what mends it: once, also after a restart', async () => {
    annotated({ 'com.illumio.role': 'wbe' });
    open();
    const [event] = await eventually(events, (found) => found.length > 0);
    expect(event).toMatchObject({
      type: 'Warning',
      message: 'com.illumio.role: wbe gives no label: no such label: ringfence labels create role wbe',
      involvedObject: { kind: 'Deployment', name: 'web', uid: workload('web').uid },
    });
    annotated({ 'com.illumio.role': 'wbe' });
    await looksAgain();
    open();
    await looksAgain();
    expect(await events()).toHaveLength(1);
  });

  it('is no event where the label comes, and one of its own where something else is asked for', async () => {
    annotated({ 'com.illumio.role': 'web' });
    await looksAgain();
    expect(await events()).toHaveLength(1);
    annotated({ 'ringfence.io/role': 'bew' });
    await eventually(events, (found) => found.length === 2);
  });
});

describe('a NetworkPolicy that cannot be read', () => {
  it('is an event at it that names the field', async () => {
    const field = 'spec.ingress[0].from[0].serviceAccounts';
    store.observe('networkpolicy', {
      ...{ uid: 'np-1', resourceVersion: '1', epoch: 'e1', gone: false, observedAt: AT },
      ...{ namespace: 'shop', name: 'odd', pods: [], ingress: [], egress: null },
      refused: { field, token: 'unknown_field', message: 'is not known here' },
    });
    const before = (await events()).length;
    const found = await eventually(events, (all) => all.length > before);
    expect(found).toContainEqual(
      expect.objectContaining({
        message: `${field} is not known here: it isolates whom it may mean, and allows nothing`,
        involvedObject: { kind: 'NetworkPolicy', namespace: 'shop', name: 'odd', uid: 'np-1' },
      }),
    );
  });
});
