import { describe, expect, it } from 'vitest';
import type { ContainerSpec, Pod } from '@ringfence/sandbox';
import { podProgress } from './pod-progress.js';

const NOW = '2026-01-01T00:01:00Z';
const STARTED = '2026-01-01T00:00:30Z';
type Status = NonNullable<Pod['status']>;
type State = NonNullable<Status['containerStatuses']>[number]['state'];

function pod(name: string, status: Status, spec: Partial<ContainerSpec> = {}): Pod {
  const metadata = {
    name: `${name}-7d9-abc`,
    uid: name,
    labels: { 'pod-template-hash': '7d9' },
    ownerReferences: [{ kind: 'ReplicaSet', name: `${name}-7d9`, controller: true }],
  };
  return { metadata, spec: { containers: [{ name: 'main', ...spec }] }, status };
}
const inState = (state: State, started = true): Status => ({
  phase: 'Pending',
  containerStatuses: [
    { name: 'main', image: '', imageID: '', ready: false, started, restartCount: 0, state, lastState: {} },
  ],
});
const ready: Status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const progress = (...pods: Pod[]): string => podProgress(pods, [], Date.parse(NOW)).words;

describe('the progress of Pods', () => {
  it('is silent when all are ready or have run to their end', () => {
    expect(progress(pod('web', ready), pod('job', { phase: 'Succeeded' }))).toBe('');
  });

  it('names the workload and what it waits for, the time of a slow probe included', () => {
    const readinessProbe = { initialDelaySeconds: 180 };
    const running = { running: { startedAt: STARTED } };
    expect(progress(pod('web', ready), pod('orders', inState(running), { readinessProbe }))).toBe(
      '1 of 2 Pods ready, waiting for orders: readiness probe, initial delay 180 s',
    );
    expect(progress(pod('orders', inState(running), { readinessProbe: {} }))).toContain(
      'orders: readiness probe',
    );
    const startupProbe = { initialDelaySeconds: 5 };
    expect(progress(pod('orders', inState(running, false), { startupProbe }))).toMatch(
      /orders: startup probe$/,
    );
  });

  it('says why a container cannot be started', () => {
    const waiting = { reason: 'CreateContainerConfigError', message: 'secret "db" not found' };
    expect(progress(pod('orders', inState({ waiting })))).toBe(
      '0 of 1 Pods ready, waiting for orders: CreateContainerConfigError, secret "db" not found',
    );
    expect(progress(pod('orders', inState({ waiting: { reason: 'ContainerCreating' } })))).toContain(
      'orders: it is being started',
    );
  });

  it('says which gate is closed, and why no node takes a Pod', () => {
    const message = 'corresponding condition of pod readiness gate "x" is not True';
    const conditions = [
      { type: 'ContainersReady', status: 'True' as const },
      { type: 'Ready', status: 'False' as const, message },
    ];
    expect(progress(pod('web', { conditions }))).toContain(`web: ${message}`);
    const scheduled = { type: 'PodScheduled', status: 'False' as const, message: '0/2 nodes are available' };
    expect(progress(pod('web', { conditions: [scheduled] }))).toContain('web: 0/2 nodes are available');
  });

  it('tells equal reasons once, and counts what it does not name', () => {
    const pods = ['a', 'a', 'b', 'c', 'd', 'e'].map((name) => pod(name, {}));
    expect(progress(...pods)).toBe(
      '0 of 6 Pods ready, waiting for a: it is being started; b: it is being started; c: it is being started; and 2 more',
    );
  });

  it('counts Pods that are to be made, and says why they are not', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'quota exceeded' }];
    const workload = { metadata: { name: 'db' }, spec: { replicas: 3 }, status: { replicas: 1, conditions } };
    expect(podProgress([pod('web', ready)], [workload], Date.parse(NOW))).toEqual({
      ready: 1,
      total: 3,
      words: '1 of 3 Pods ready, waiting for db: quota exceeded',
    });
  });
});
