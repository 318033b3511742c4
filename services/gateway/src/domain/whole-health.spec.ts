import { describe, expect, it } from 'vitest';
import { notificationsOf, statusOf } from './whole-health.js';

const fine = {
  services: { gateway: { missing: [], alarms: [] }, inventory: { missing: [], alarms: [] } },
  clusters: [{ name: 'a', status: 'in_sync', message: '' }],
};

describe('the health of the whole', () => {
  it('is normal only if every part has what it needs and policy is in force everywhere', () => {
    expect(notificationsOf(fine)).toEqual([]);
    expect(statusOf([])).toBe('normal');
  });

  it('is critical when a lane stands still anywhere, and names the part', () => {
    const notifications = notificationsOf({
      ...fine,
      services: { inventory: { missing: ['lanes: inventory-acks stands still'], alarms: [] } },
    });
    expect(statusOf(notifications)).toBe('critical');
    expect(notifications[0]?.message).toBe('inventory: lanes: inventory-acks stands still');
  });

  it('is critical when policy is not in force, and a warning when nobody knows', () => {
    const of = (status: string) =>
      notificationsOf({ ...fine, clusters: [{ name: 'a', status, message: 'since 12:04' }] });
    expect(statusOf(of('error'))).toBe('critical');
    expect(statusOf(of('out_of_sync'))).toBe('warning');
    expect(of('error')[0]?.message).toBe('cluster a: since 12:04');
    expect(of('never_connected')).toEqual([]);
  });

  it('is a warning where NetworkPolicies cannot be read, said once', () => {
    const message = '2 NetworkPolicies cannot be read';
    const of = (status: string, refusedNetworkPolicies?: number) =>
      notificationsOf({ ...fine, clusters: [{ name: 'a', status, message, refusedNetworkPolicies }] });
    expect(of('in_sync', 2)).toEqual([
      { status: 'warning', token: 'network_policies_refused', message: `cluster a: ${message}` },
    ]);
    expect(of('error', 2).map(({ token }) => token)).toEqual(['cluster_error']);
    expect([...of('in_sync', 0), ...of('in_sync')]).toEqual([]);
  });

  it('is a warning where a service runs without TLS or unverified', () => {
    const services = { gateway: { missing: [], alarms: ['REST API leaves this machine in plain text'] } };
    const notifications = notificationsOf({ ...fine, services });
    expect(statusOf(notifications)).toBe('warning');
    expect(notifications).toEqual([
      expect.objectContaining({ token: 'insecure', message: expect.stringMatching(/^gateway: REST API/) }),
    ]);
  });
});
