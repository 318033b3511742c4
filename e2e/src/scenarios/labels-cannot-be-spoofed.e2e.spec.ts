/** Labels say what a Pod is; nobody gets one by writing an annotation that the profile does not allow. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asked,
  deployment,
  label,
  managedNamespace,
  provision,
  removeNamespace,
  ruleSet,
  untilInForce,
} from '../application.js';
import { api, apply, connect, readyPod } from '../world.js';

interface KubernetesWorkload {
  name: string;
  namespace: string;
  labels: { key: string; value: string }[];
  ringfence_refused_annotations?: { annotation: string; reason: string }[];
}

describe('labels', () => {
  const scope = { app: 'spoof', env: 'prod-like' };
  beforeAll(async () => {
    for (const role of ['sp-server', 'sp-client']) await label('role', role);
    await managedNamespace('spoof-prod', scope, 'full');
    await managedNamespace('spoof-dev', { app: 'spoof', env: 'dev-like' }, 'visibility_only');
    await apply(
      deployment('spoof-prod', 'server', { role: 'sp-server', port: 7300 }),
      deployment('spoof-prod', 'client', { role: 'sp-client', port: 7301 }),
      // Same role and app, another environment, and an annotation that claims production's.
      deployment('spoof-dev', 'client', {
        role: 'sp-client',
        port: 7301,
        annotations: { 'com.illumio.env': 'prod-like' },
      }),
    );
    await ruleSet('spoof', scope, [{ from: { role: 'sp-client' }, to: { role: 'sp-server' }, port: 7300 }]);
    await provision('spoof');
  });
  afterAll(() => Promise.all(['spoof-prod', 'spoof-dev'].map(removeNamespace)));

  it('keeps two namespaces with the same labels in different environments apart', async () => {
    const server = await readyPod('spoof-prod', 'server');
    const friend = await readyPod('spoof-prod', 'client');
    const spoofer = await readyPod('spoof-dev', 'client');
    await untilInForce(await asked());
    expect(await connect(friend, server.address, 7300)).toBe('open');
    expect(await connect(spoofer, server.address, 7300)).toBe('dropped');
  });

  it('shows the refused annotation with its reason', async () => {
    const found = await api.get<KubernetesWorkload[]>(
      '/kubernetes_workloads?namespace=spoof-dev&max_results=500',
    );
    const client = found.find(({ name, namespace }) => name === 'client' && namespace === 'spoof-dev');
    expect(client?.labels).toContainEqual(expect.objectContaining({ key: 'env', value: 'dev-like' }));
    expect(client?.ringfence_refused_annotations).toContainEqual(
      expect.objectContaining({ annotation: 'com.illumio.env', reason: 'fixed' }),
    );
  });
});
