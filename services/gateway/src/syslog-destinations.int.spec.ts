import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);
const path = '/orgs/1/settings/syslog/destinations';
const local = {
  ...{ pce_scope: [], type: 'local_syslog', description: 'here', remote_syslog: null },
  audit_event_logger: {
    ...{ configuration_event_included: true, system_event_included: false, min_severity: 'informational' },
  },
  traffic_event_logger: {
    traffic_flow_allowed_event_included: false,
    traffic_flow_potentially_blocked_event_included: false,
    traffic_flow_blocked_event_included: true,
  },
  node_status_logger: { node_status_included: false },
};

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());

describe('a syslog destination', () => {
  it('of this machine is sent back as it was read, and becomes a remote one only with an address', async () => {
    const { href } = (await call('POST', path, { body: local })).json as { href: string };
    const read = (await call('GET', href)).json as object;
    expect((await call('PUT', href, { body: { ...read, description: 'mine' } })).status).toBe(204);
    expect((await call('PUT', href, { body: { pce_scope: ['a'] } })).status).toBe(204);
    const changed = { ...local, href, description: 'mine', pce_scope: ['a'] };
    expect((await call('GET', href)).json).toEqual(changed);
    const refusedOf = async (body: object): Promise<unknown> => {
      const { status, json } = await call('PUT', href, { body });
      return [status, json];
    };
    const naming = (field: string): unknown => [
      expect.objectContaining({ message: expect.stringMatching(`^${field}: `) as unknown }),
    ];
    expect(await refusedOf({ type: 'remote_syslog' })).toEqual([406, naming('remote_syslog')]);
    const remote_syslog = {
      address: 'siem',
      port: 514,
      protocol: 17,
      tls_enabled: true,
      tls_verify_cert: true,
    };
    const udp = { type: 'remote_syslog', remote_syslog };
    expect(await refusedOf(udp)).toEqual([406, naming('remote_syslog.tls_enabled')]);
    expect(await refusedOf({ colour: 'red' })).toEqual([406, naming('colour')]);
    expect((await call('GET', href)).json).toEqual(changed);
    expect((await call('DELETE', href)).status).toBe(204);
    for (const method of ['DELETE', 'PUT', 'GET'] as const)
      expect((await call(method, href, { body: method === 'PUT' ? {} : undefined })).status).toBe(404);
  });
});
