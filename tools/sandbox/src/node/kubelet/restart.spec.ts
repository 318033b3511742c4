import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec } from '../kube/kube-objects.js';
import { planContainers } from './restart.js';
import type { ObservedContainer, ObservedPod } from './runtime-view.js';

const now = Date.parse('2024-01-01T00:01:00Z');

function podOf(spec: Partial<PodSpec>): Pod {
  return {
    metadata: { name: 'p', uid: 'u' },
    spec: { containers: [{ name: 'main' }], restartPolicy: 'Always', ...spec },
  };
}

function seen(...containers: (Partial<ObservedContainer> & { name: string })[]): ObservedPod {
  const byName = new Map<string, ObservedContainer[]>();
  for (const container of containers) {
    const whole = {
      id: container.name,
      attempt: 0,
      state: 'running' as const,
      startedAt: '',
      finishedAt: '2024-01-01T00:00:59Z',
      exitCode: 0,
      ...container,
    };
    byName.set(container.name, [...(byName.get(container.name) ?? []), whole]);
  }
  return { sandboxes: [], containers: byName };
}

const starts = (pod: Pod, observed: ObservedPod): string[] =>
  planContainers(pod, observed, now).starts.map(
    ({ spec, role, attempt }) => `${role} ${spec.name} ${attempt}`,
  );

describe('the plan for a Pod’s containers', () => {
  it('runs init containers one after the other before the others', () => {
    const pod = podOf({ initContainers: [{ name: 'a' }, { name: 'b' }] });
    expect(starts(pod, seen())).toEqual(['init a 0']);
    expect(starts(pod, seen({ name: 'a' }))).toEqual([]);
    expect(starts(pod, seen({ name: 'a', state: 'exited' }))).toEqual(['init b 0']);
    expect(starts(pod, seen({ name: 'a', state: 'exited' }, { name: 'b', state: 'exited' }))).toEqual([
      'main main 0',
    ]);
  });

  it('does not wait for the end of a sidecar, only for its start', () => {
    const pod = podOf({ initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] });
    expect(starts(pod, seen())).toEqual(['sidecar proxy 0']);
    expect(starts(pod, seen({ name: 'proxy' }))).toEqual(['main main 0']);
  });

  it('restarts at once the first time and then after a growing pause', () => {
    expect(starts(podOf({}), seen({ name: 'main', state: 'exited', exitCode: 1 }))).toEqual(['main main 1']);
    const plan = planContainers(podOf({}), seen({ name: 'main', state: 'exited', attempt: 3 }), now);
    expect(plan).toMatchObject({ starts: [], waitMs: 3_000, backingOff: ['main'] });
  });

  it.each([
    ['Always', 0, undefined],
    ['Always', 1, undefined],
    ['OnFailure', 0, 'Succeeded'],
    ['OnFailure', 1, undefined],
    ['Never', 0, 'Succeeded'],
    ['Never', 1, 'Failed'],
  ] as const)('with policy %s and exit code %i has the outcome %s', (restartPolicy, exitCode, outcome) => {
    expect(
      planContainers(podOf({ restartPolicy }), seen({ name: 'main', state: 'exited', exitCode }), now)
        .outcome,
    ).toBe(outcome);
  });

  it('fails as a whole when an init container fails that may not be restarted', () => {
    const pod = podOf({ restartPolicy: 'Never', initContainers: [{ name: 'a' }] });
    expect(planContainers(pod, seen({ name: 'a', state: 'exited', exitCode: 1 }), now)).toMatchObject({
      outcome: 'Failed',
      starts: [],
    });
  });
});
