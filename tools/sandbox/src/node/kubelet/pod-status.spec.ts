import { expect, it } from 'vitest';
import type { ContainerState, Pod } from '../kube/kube-objects.js';
import { podStatus } from './pod-status.js';
import { planContainers } from './restart.js';
import type { ObservedContainer } from './runtime-view.js';

const pod: Pod = {
  metadata: { name: 'p', uid: 'u' },
  spec: { containers: [{ name: 'main' }], restartPolicy: 'Always' },
};
const run = (attempt: number, state: ObservedContainer['state'], exitCode = 0): ObservedContainer => ({
  ...{ id: `main-${attempt}`, name: 'main', attempt, state, exitCode },
  ...{ startedAt: '2024-01-01T00:00:00Z', finishedAt: '2024-01-01T00:00:59Z' },
});

function stateOf(...runs: ObservedContainer[]): ContainerState | undefined {
  const observed = { sandboxes: [], containers: new Map([['main', runs]]) };
  const status = podStatus({
    ...{ pod, observed, podAddress: '10.0.0.1', hostAddress: '10.1.0.1', image: 'stub' },
    plan: planContainers(pod, observed, Date.parse('2024-01-01T00:01:00Z')),
    probes: { hasStarted: () => true, isReady: () => true },
    failures: new Map(),
    now: '2024-01-01T00:01:00Z',
  });
  return status.containerStatuses?.[0];
}

it('a container says how its last run ended, while the next one waits, is made and runs', () => {
  const ended = { terminated: { exitCode: 3 } };
  expect(stateOf(run(2, 'exited', 3), run(1, 'exited'))).toMatchObject({ lastState: ended });
  expect(stateOf(run(1, 'created'), run(0, 'exited', 3))).toMatchObject({
    lastState: ended,
    restartCount: 1,
  });
  expect(stateOf(run(1, 'running'), run(0, 'exited', 3))).toMatchObject({ lastState: ended, ready: true });
  expect(stateOf(run(0, 'running'))?.lastState).toEqual({});
});
