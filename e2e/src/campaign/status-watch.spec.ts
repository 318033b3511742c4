import { describe, expect, it } from 'vitest';
import { now } from './clock.js';
import { StatusWatch } from './status-watch.js';

interface Said {
  readonly cluster?: object;
  readonly workloads?: readonly object[];
  readonly error?: string;
}

const inForce = { total_pods_count: 2, success_pods_count: 2, errors_count: 0 };
function workload(name: string, changes: object = {}): object {
  return {
    ...{ namespace: 'cmp-shop', name, security_policy_sync_state: 'applied' },
    ...{ container_policy_convergence_status: inForce, ...changes },
  };
}

/** Answers what is said at the moment. */
function watch(said: Said): StatusWatch {
  const get = (path: string): Promise<unknown> => {
    if (said.error !== undefined) return Promise.reject(new Error(said.error));
    if (path.startsWith('/container_clusters/'))
      return Promise.resolve({ ringfence_status: 'in_sync', ringfence_status_message: '', ...said.cluster });
    return Promise.resolve(said.workloads ?? []);
  };
  return new StatusWatch({ get: get as <T>(path: string) => Promise<T> }, 'c1');
}
const server = { namespace: 'cmp-shop', name: 'server-x1' };
const other = { namespace: 'cmp-shop', name: 'client-x1' };

describe('what the product says of itself', () => {
  it('is nothing while all is in force', async () => {
    const status = watch({ workloads: [workload('server')] });
    await status.look();
    expect(status.toldAround(now(), [server])).toBe('');
  });

  it('names the workload that lags, for its own Pods only', async () => {
    const laggard = { name: 'server-x1', node: 'node-2', message: 'the kernel refused', since: '12:04:31' };
    const enforcement = { ringfence_enforcement: { laggards: [laggard] } };
    const status = watch({ workloads: [workload('server', enforcement), workload('client')] });
    await status.look();
    expect(status.toldAround(now(), [server])).toContain(
      'server-x1 on node-2 since 12:04:31: the kernel refused',
    );
    expect(status.toldAround(now(), [other])).toBe('');
    expect(status.toldAround(now() + 60_000, [server])).toBe('');
  });

  it('is about everybody when the cluster is not well, or nobody answers', async () => {
    const sick = watch({
      cluster: { ringfence_status: 'error', ringfence_status_message: 'node-1 is silent' },
    });
    await sick.look();
    expect(sick.toldAround(now(), [other])).toContain('node-1 is silent');
    const away = watch({ error: 'connection refused' });
    await away.look();
    expect(away.toldAround(now(), [other])).toContain('REST does not answer');
  });

  it('is that something is in force when as much is in force as was asked when it had been taken', async () => {
    const policy = (asked: number, inForce: number) => ({
      ringfence_enforcement: {
        not_in_force: 0,
        policy: {
          asked_version: asked,
          in_force_version: inForce,
          asked_settings: asked,
          in_force_settings: inForce,
        },
      },
    });
    const said: { cluster: object; workloads: object[] } = { cluster: policy(4, 4), workloads: [] };
    const status = watch(said);
    await status.look();
    const before = status.last!.began;
    expect(status.allInForce()).toMatchObject({ since: before });
    said.cluster = policy(5, 4);
    await status.look();
    const taken = status.last!.began;
    expect(status.allInForce()).toMatchObject({ since: before });
    // Another change was taken meanwhile; the former is in force all the same.
    said.cluster = policy(6, 5);
    await status.look();
    expect(status.allInForce()).toMatchObject({ since: taken });
    said.workloads = [workload('server', { security_policy_sync_state: 'syncing' })];
    await status.look();
    expect(status.allInForce()).toBeUndefined();
  });
});
