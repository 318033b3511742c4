import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cluster } from '../cluster.js';
import type { Pod } from '../kube-object.js';
import { StreamSessions } from './sessions.js';

const hours = 3_600_000;

let cluster: Cluster;
let sessions: StreamSessions;
let pod: Pod;

beforeEach(async () => {
  vi.useFakeTimers();
  cluster = new Cluster({ serviceCidr: '10.96.0.0/16', historyLimit: 10 });
  await cluster.resource('namespaces').create({ metadata: { name: 'default' } });
  sessions = new StreamSessions(cluster);
  pod = await cluster
    .resource('pods')
    .create({ metadata: { name: 'web' }, spec: { containers: [{ name: 'main' }] } });
});

afterEach(() => vi.useRealTimers());

describe('a session', () => {
  it('ends when nothing was said for four hours', () => {
    const session = sessions.begin(pod);
    vi.advanceTimersByTime(3 * hours);
    session.touch();
    vi.advanceTimersByTime(3 * hours);
    expect(session.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1 * hours);
    expect(session.signal.aborted).toBe(true);
  });

  it('ends with its Pod, and with no other of the same name', async () => {
    const session = sessions.begin(pod);
    const pods = cluster.resource('pods');
    pods.remove(pod.metadata, { gracePeriodSeconds: 0 });
    expect(session.signal.aborted).toBe(true);
    const next = await pods.create({ metadata: { name: 'web' }, spec: pod.spec });
    expect(sessions.begin(next).signal.aborted).toBe(false);
  });

  it('is refused when too many are open, and makes room when it ends', () => {
    const open = Array.from({ length: 256 }, () => sessions.begin(pod));
    expect(() => sessions.begin(pod)).toThrow('256 streams are open');
    open[0]?.end();
    sessions.begin(pod);
  });
});
