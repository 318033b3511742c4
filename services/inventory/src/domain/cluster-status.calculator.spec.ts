import { describe, expect, it } from 'vitest';
import { clusterHealth } from './cluster-status.calculator.js';
import type { HeardCluster, ClusterStanding } from './cluster-status.calculator.js';

const minute = (m: number): Date => new Date(Date.UTC(2026, 0, 1, 0, m));
const IN_FORCE: HeardCluster['progress'] = {
  ...{ asked_version: 4, told_version: 4, in_force_version: 4, is_newest: true, asked_at: null },
  ...{ asked_settings: 0, in_force_settings: 0 },
  ...{ waiting_for: '', nodes_behind: [] },
};
const heard: HeardCluster = {
  lastHeartbeat: minute(0),
  inSync: true,
  lacks: [],
  nodes: [{ name: 'a', machineId: 'm1' }],
  pulse: null,
  progress: IN_FORCE,
  suspension: null,
};
const standing: ClusterStanding = {
  heardAt: minute(5),
  missing: [],
  places: 120,
  notInForce: 0,
  reasons: [],
  refusedPolicies: null,
};

describe('the status of a cluster', () => {
  it('is in sync while heartbeats come and every kind is listed', () => {
    expect(clusterHealth(heard, { now: minute(5), listeningSince: minute(0) })).toMatchObject({
      status: 'in_sync',
      online: true,
    });
    expect(
      clusterHealth({ ...heard, inSync: false }, { now: minute(5), listeningSince: minute(0) }).status,
    ).toBe('out_of_sync');
  });
  it('is out of sync, and says why, while kubelink lacks something or may not read a kind', () => {
    const of = (token: string, inSync: boolean) => {
      const lacks = [{ token, message: 'pods may not be read', detail: 'User "secret" cannot list' }];
      return clusterHealth({ ...heard, inSync, lacks }, { now: minute(5), listeningSince: minute(0) });
    };
    const message = 'kubelink: pods may not be read';
    expect(of('not_permitted', true)).toMatchObject({ status: 'out_of_sync', online: true, message });
    expect(of('not_followed', false)).toMatchObject({ status: 'out_of_sync', online: true, message });
    expect(of('api_server_away', false)).toMatchObject({ status: 'out_of_sync', online: false, message });
  });
  it('is an error while it is cut off for saying far more than its share, whether or not kubelink ever connected', () => {
    const suspension = { stream: 'ACKS', detail: '2 bytes on ack.a.node.x', until: minute(7) };
    for (const lastHeartbeat of [minute(0), null]) {
      const at = (m: number) =>
        clusterHealth({ ...heard, lastHeartbeat, suspension }, { now: minute(m), listeningSince: minute(0) });
      expect(at(6)).toMatchObject({
        status: 'error',
        message: expect.stringMatching(/far more than its share \(ACKS: .*cut off until 2026-01-01T00:07/),
      });
      expect(at(7).status).not.toBe('error');
    }
  });
  it('is out of sync after ten minutes without a heartbeat', () => {
    expect(clusterHealth(heard, { now: minute(11), listeningSince: minute(0) })).toMatchObject({
      status: 'out_of_sync',
      online: false,
    });
  });
  it('does not hold silence against the cluster while nobody was listening', () => {
    expect(clusterHealth(heard, { now: minute(60), listeningSince: minute(55) }).status).toBe('in_sync');
  });
  it('is an error that names the nodes when two have one machine-id', () => {
    const nodes = [
      { name: 'b', machineId: 'm1' },
      { name: 'a', machineId: 'm1' },
      { name: 'c', machineId: 'm2' },
    ];
    const health = clusterHealth({ ...heard, nodes }, { now: minute(1), listeningSince: minute(0) });
    expect(health).toMatchObject({ status: 'error', duplicates: [{ machineId: 'm1', nodes: ['a', 'b'] }] });
    expect(health.message).toContain('a, b');
  });
  it('is none when nodes have no machine-id, which is said and keeps them unpaired', () => {
    const nodes = [
      { name: 'b', machineId: '' },
      { name: 'a', machineId: '' },
    ];
    expect(clusterHealth({ ...heard, nodes }, { now: minute(1), listeningSince: minute(0) })).toEqual({
      ...{ status: 'in_sync', online: true, duplicates: [] },
      message: 'nodes that report no machine-id cannot be paired: a, b',
    });
  });
  it('is an error that says how many places are not in force, since when and why', () => {
    const since = minute(4);
    const message = 'node-2 has not been heard since 12:04';
    const reasons = [{ token: 'node_silent', count: 3, since, message }];
    const pulse = { ...standing, notInForce: 3, reasons };
    expect(clusterHealth({ ...heard, pulse }, { now: minute(5), listeningSince: minute(0) })).toMatchObject({
      status: 'error',
      message: `policy is not in force on 3 of 120 places since ${since.toISOString()}: ${message}`,
    });
  });
  it('is out of sync while clas-cache is not heard, or lacks something itself', () => {
    const at = { now: minute(6), listeningSince: minute(0) };
    expect(clusterHealth({ ...heard, pulse: standing }, at)).toMatchObject({
      status: 'out_of_sync',
      message: `clas-cache has not been heard since ${minute(5).toISOString()}: what is in force there now is not known`,
    });
    const pulse = { ...standing, missing: ['no list of pods yet'] };
    expect(clusterHealth({ ...heard, pulse }, { ...at, now: minute(5) })).toMatchObject({
      status: 'out_of_sync',
      message: 'clas-cache is not in sync: no list of pods yet',
    });
  });
  it('says how many NetworkPolicies cannot be read, which is no trouble of the cluster, and names none of them', () => {
    const odd = { namespace: 'secret-project', name: 'odd', field: 'spec.x', token: 'unknown_field' };
    const named = [{ ...odd, message: 'is not known here', closed: ['ingress' as const] }];
    const of = (count: number, notInForce = 0) => {
      const pulse = { ...standing, notInForce, refusedPolicies: { named, count } };
      return clusterHealth({ ...heard, pulse }, { now: minute(5), listeningSince: minute(0) });
    };
    expect(of(1)).toMatchObject({
      status: 'in_sync',
      message: '1 NetworkPolicy cannot be read: whom it may mean is isolated, and it allows nothing',
    });
    expect(of(120).message).toMatch(/^120 NetworkPolicies cannot be read/);
    expect(of(2, 3)).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/^policy is not in force.*; 2 NetworkPolicies cannot be read/),
    });
    expect(of(0).message).toBe('');
  });
  it('says when kubelink was never heard', () => {
    expect(
      clusterHealth({ ...heard, lastHeartbeat: null }, { now: minute(1), listeningSince: minute(0) }).status,
    ).toBe('never_connected');
  });
  it('is out of sync when what was asked for has not come into force after five seconds', () => {
    const waiting_for = 'policy version 5: clas-cache has not told it';
    const progress = { ...IN_FORCE, asked_version: 5, is_newest: false, waiting_for };
    const facts = { ...heard, pulse: standing, progress: { ...progress, asked_at: minute(5).toISOString() } };
    const after = (ms: number) =>
      clusterHealth(facts, { now: new Date(minute(5).getTime() + ms), listeningSince: minute(0) });
    expect(after(4_999).status).toBe('in_sync');
    expect(after(5_000)).toMatchObject({
      status: 'out_of_sync',
      message: `not in force although asked for at ${minute(5).toISOString()}: ${waiting_for}`,
    });
  });
});
