import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KEY, refused, startGatewayUnderTest } from './testing/gateway-under-test.js';
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

const destination = (port: number): object => ({
  ...{ ...local, type: 'remote_syslog', description: 'siem' },
  remote_syslog: {
    ...{ address: '127.0.0.1', port, protocol: 6, tls_enabled: false, tls_verify_cert: true },
  },
});
const flow = (policy_decision: string): object => ({
  ...{
    src: { ip: '10.0.0.1' },
    dst: { ip: '10.0.0.2' },
    service: { port: 443, proto: 6 },
    policy_decision,
  },
  ...{ num_connections: 1, flow_direction: 'inbound' },
  timestamp_range: { first_detected: '2026-01-31T12:00:00Z', last_detected: '2026-01-31T12:00:00Z' },
});

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());
beforeEach(() => {
  under.answer = () => ({ body: {} });
});

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

  it('is told what is audited, and the flows that it asks for; health says when it is away', async () => {
    let text = '';
    const server = createServer((socket) => socket.on('data', (data: Buffer) => (text += data.toString())));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    let page = 0;
    under.answer = ({ collection }) => {
      if (collection !== 'traffic_flows/recent')
        return { body: { href: '/orgs/1/labels/5', key: 'role', value: 'siem' } };
      page += 1;
      const flows = page === 2 ? [flow('allowed'), flow('blocked')] : [];
      return { body: { cursor: `e.${String(page)}`, missed: 0, flows } };
    };
    const { port } = server.address() as AddressInfo;
    const made = await call('POST', path, { body: destination(port) });
    expect([made.status, made.json]).toEqual([
      201,
      { href: expect.any(String) as string, ...destination(port) },
    ]);
    const { href } = made.json as { href: string };
    expect((await call('PUT', '/orgs/1/settings/events', { body: { format: 'CEF' } })).status).toBe(204);
    await call('POST', '/orgs/1/labels', { body: { key: 'role', value: 'siem' } });
    await expect.poll(() => text).toContain('|label.create|label create|1|');
    expect(text).toContain(`suser=${KEY} src=127.0.0.1 requestMethod=POST request=/api/v2/orgs/1/labels`);
    await expect.poll(() => text).toContain('|traffic.blocked|');
    expect(text).not.toContain('|traffic.allowed|');
    expect((await call('PUT', href, { body: { ...destination(1), href } })).status).toBe(204);
    const notified = async (): Promise<unknown> =>
      ((await call('GET', '/health')).json as { notifications: unknown }[])[0]?.notifications;
    await expect.poll(notified, { timeout: 20_000 }).toContainEqual({
      ...{ status: 'warning', token: 'syslog_destination_away' },
      message: expect.stringContaining(`syslog destination ${href.split('/').at(-1) ?? ''}`) as unknown,
    });
    expect((await call('DELETE', href)).status).toBe(204);
    expect((await call('GET', href)).status).toBe(404);
    expect((await call('GET', path)).json).toEqual([]);
    server.close();
  });

  it('whose certificate nobody looks at is an alarm of the whole', async () => {
    const unverified = {
      ...destination(1),
      remote_syslog: {
        address: '127.0.0.1',
        port: 1,
        protocol: 6,
        tls_enabled: true,
        tls_verify_cert: false,
      },
    };
    const { href } = (await call('POST', path, { body: unverified })).json as { href: string };
    const insecure = async (): Promise<string[]> => {
      const [health] = (await call('GET', '/health')).json as [
        { notifications: { token: string; message: string }[] },
      ];
      return health.notifications.flatMap(({ token, message }) => (token === 'insecure' ? [message] : []));
    };
    await expect
      .poll(insecure, { timeout: 20_000 })
      .toContainEqual(expect.stringMatching(/^gateway: tls_verify_cert: .*tls_ca_bundle/));
    await call('DELETE', href);
    await expect
      .poll(insecure, { timeout: 20_000 })
      .not.toContainEqual(expect.stringContaining('tls_verify_cert'));
  });

  it('is refused without an address', async () => {
    const got = await call('POST', path, { body: { ...destination(1), remote_syslog: undefined } });
    expect([got.status, got.json]).toEqual([406, refused('input_validation_error')]);
  });
});
