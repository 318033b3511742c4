/** An application that nobody has prepared for Ringfence starts as it is, and shows its calls. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { deployApplication, parseOptions, podsReady } from '@ringfence/up';
import type { Application } from '@ringfence/up';
import { access, api, clusterId, eventually, kubernetes, recentFlows } from '../world.js';

const NAMESPACE = 'orchard';
const ORCHARD = join(import.meta.dirname, '..', 'applications', 'orchard');
const OWN = new Set(['storefront', 'catalog', 'orders', 'payments', 'orchard-mysql', 'keystore']);
const sandbox = { kubeconfig: access.kubeconfig };

async function start(): Promise<Application> {
  const options = parseOptions(['--manifest', ORCHARD, '--namespace', NAMESPACE], ORCHARD);
  if (options === 'help') throw new Error('unreachable');
  return deployApplication({ options, api, sandbox, clusterId });
}

afterAll(() => kubernetes.request('DELETE', `/api/v1/namespaces/${NAMESPACE}`));

describe('an application of one’s own', () => {
  let application: Application;

  it('starts without a change, and says what the cluster did not take and what it made for it', async () => {
    application = await start();
    const { ignored, made } = application.outcome;
    expect(ignored.map(({ object, why }) => `${object}: ${why}`).sort()).toEqual([
      'Ingress storefront: the cluster does not serve Ingress of extensions/v1beta1: write apiVersion: networking.k8s.io/v1',
      'ServiceMonitor orders: the cluster does not serve ServiceMonitor of monitoring.coreos.com/v1',
    ]);
    expect(made.map(({ manifest, maker }) => `${manifest.metadata.name} as ${maker}`)).toEqual([
      'orders-keystore as Job keystore',
    ]);
  });

  it('has all its Pods ready, however slow their probes are', async () => {
    await podsReady({ sandbox, application });
  });

  it('shows the calls that its settings speak of, and no others', async () => {
    const expected = [
      'orders>orchard-mysql:3306',
      'orders>payments:8080',
      'storefront>catalog:8080',
      'storefront>orders:8080',
    ];
    const calls = async (): Promise<string[]> => {
      const own = new Set(
        (await recentFlows()).flatMap(({ src, dst, service }) => {
          const [from, to] = [src.workload?.name, dst.workload?.name];
          return from && to && OWN.has(from) && OWN.has(to) ? [`${from}>${to}:${service.port}`] : [];
        }),
      );
      return [...own].sort();
    };
    await eventually('the calls of the shop', async () => (await calls()).length >= expected.length, 60_000);
    expect(await calls()).toEqual(expected);
  });
});
