import { CallError } from '@ringfence/bus';
import { releasedEvents } from '@ringfence/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KEY, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());
beforeEach(() => {
  under.asked = [];
  under.answer = () => ({ body: {} });
});

describe('the audit trail', () => {
  it('holds changes of people and refused requests, filtered and counted', async () => {
    const event = (id: string, type: string, data: unknown): Promise<void> => {
      const actor = { kind: 'user', id: '1' };
      const envelope = {
        id,
        type,
        v: 1,
        stream: 'label-7',
        version: 1,
        position: 1,
        at: '2026-11-20T10:00:00.000Z',
        cluster: 'global',
        actor,
        data,
      };
      return under.owner.publish(`evt.global.label.${id}`, envelope, { id });
    };
    await event('11111111-1111-4111-8111-111111111111', 'LabelCreated', {
      id: '7',
      key: 'role',
      value: 'web',
      externalDataSet: null,
      externalDataReference: null,
    });
    await event('11111111-1111-4111-8111-111111111112', 'EntityUnlabelled', { id: 'x' });
    await expect
      .poll(async () => (await call('GET', '/orgs/1/events?event_type=label.create')).json)
      .toHaveLength(1);
    const [created] = (await call('GET', '/orgs/1/events?event_type=label.create')).json as {
      href: string;
    }[];
    expect(created).toMatchObject({
      status: 'success',
      created_by: { user: { href: '/users/1' } },
      resource_changes: [
        { change_type: 'create', resource: { label: { href: '/orgs/1/labels/7', value: 'web' } } },
      ],
    });
    expect((await call('GET', created?.href ?? '')).status).toBe(200);
    await call('GET', '/orgs/1/labels', { headers: { authorization: 'Basic bm9ib2R5OndoYXRldmVy' } });
    await expect
      .poll(async () => (await call('GET', '/orgs/1/events?status=failure&max_results=1')).json)
      .toHaveLength(1);
    expect((await call('GET', '/orgs/1/events?timestamp[gte]=2026-01-01')).status).toBe(406);
  });
});

describe('a request that changes something', () => {
  const trail = async (query: string): Promise<Record<string, unknown>[]> =>
    (await call('GET', `/orgs/1/events?${query}`)).json as Record<string, unknown>[];

  it('is in the trail by its answer: who, from where, what, before and after; and once, also when its event comes', async () => {
    const href = '/orgs/1/sec_policy/draft/rule_sets/5/sec_rules/8';
    const change = { resource: { href }, changes: { enabled: { before: true, after: false } } };
    under.answer = () => ({ body: { href }, change });
    const put = await call('PUT', href, { body: { enabled: false } });
    const id = put.headers.get('x-request-id') ?? '';
    const told = await trail('event_type=sec_rule.update');
    expect(told).toEqual([
      expect.objectContaining({
        href: `/orgs/1/events/${id}`,
        ...{ severity: 'info', status: 'success', notifications: [] },
        created_by: { user: { href: '/users/1', username: KEY } },
        action: {
          ...{ uuid: id, api_endpoint: `/api/v2${href}`, api_method: 'PUT', http_status_code: 204 },
          ...{ src_ip: '127.0.0.1', info: {}, errors: [] },
        },
        resource_changes: [
          expect.objectContaining({
            resource: { sec_rule: { href } },
            change_type: 'update',
            changes: change.changes,
          }),
        ],
      }),
    ]);
    const event = {
      ...{
        id: '11111111-1111-4111-8111-111111111121',
        type: 'PairingProfileDeleted',
        v: 1,
        stream: 'pairing-profile-9',
        version: 1,
      },
      ...{ position: 9, at: '2026-11-20T10:00:00.000Z', cluster: 'global', correlation: id },
      ...{ actor: { kind: 'user', id: '1' }, data: { id: '9' } },
    };
    await under.owner.publish('evt.global.pairing-profile.9', event, { id: event.id });
    // Lost with the database that knew its request, and said again.
    const again = {
      ...event,
      id: '11111111-1111-4111-8111-111111111122',
      correlation: '11111111-1111-4111-8111-1111111111ff',
    };
    await under.owner.publish('evt.global.pairing-profile.9', again, { id: again.id });
    await expect
      .poll(async () => JSON.stringify(await trail('event_type=pairing_profile.delete')))
      .toContain(again.id);
    expect(JSON.stringify(await trail('event_type=pairing_profile.delete'))).not.toContain(event.id);
  });

  it('is in the trail when it is refused, and no GET is', async () => {
    under.answer = () => {
      throw CallError.of('FAILED_PRECONDITION', 'ip_list_referenced', 'a rule names it');
    };
    const href = '/orgs/1/sec_policy/draft/ip_lists/4';
    expect((await call('DELETE', href)).status).toBe(406);
    await call('GET', href);
    await call('PUT', href, { body: { nonsense: true } });
    expect(await trail('event_type=ip_list.delete')).toMatchObject([
      {
        severity: 'warning',
        status: 'failure',
        action: { http_status_code: 406, errors: [{ token: 'ip_list_referenced' }] },
      },
    ]);
    expect(await trail('event_type=ip_list.update')).toMatchObject([
      { status: 'failure', action: { errors: [{ token: 'input_validation_error' }] } },
    ]);
    expect(JSON.stringify(await trail('status=success'))).not.toContain('"GET"');
  });

  it('is found by who did it', async () => {
    await call('POST', '/orgs/1/labels', { body: { key: 'role', value: 'x' } });
    for (const who of ['user', '/users/1', KEY]) {
      const [found] = await trail(`created_by=${who}&event_type=label.create&max_results=1`);
      expect(found).toMatchObject({ created_by: { user: { username: KEY } } });
    }
    expect(await trail('created_by=agent&event_type=label.create')).toEqual([]);
    for (const wrong of ['severity=loud', 'status=perhaps', 'timestamp[lte]=yesterday'])
      expect((await call('GET', `/orgs/1/events?${wrong}`)).status).toBe(406);
  });

  it('is left out below the least severity, and is told again after', async () => {
    const settings = '/orgs/1/settings/events';
    expect((await call('GET', settings)).json).toMatchObject({
      ...{
        audit_event_retention_seconds: 2_592_000,
        audit_event_min_severity: 'informational',
        format: 'JSON',
      },
    });
    await call('PUT', settings, { body: { audit_event_min_severity: 'warning' } });
    await call('POST', '/orgs/1/label_dimensions', { body: { key: 'tier', display_name: 'Tier' } });
    expect(await trail('event_type=label_dimension.create')).toEqual([]);
    await call('PUT', settings, { body: { audit_event_min_severity: 'informational', format: 'CEF' } });
    expect(await trail('event_type=event_settings.update&max_results=1')).toMatchObject([
      {
        resource_changes: [
          { changes: { audit_event_min_severity: { before: 'warning', after: 'informational' } } },
        ],
      },
    ]);
    expect((await call('PUT', settings, { body: { audit_event_retention_seconds: 1 } })).status).toBe(406);
  });
});

describe('the audit trail of whatever was ever said', () => {
  it('reads every version of every event that was ever released, and names what was deleted', async () => {
    for (const { subject, payload } of releasedEvents(['evt.*.*.*']))
      await under.owner.publish(subject, payload, { id: payload.id });
    const deletions = async (): Promise<unknown> =>
      (await call('GET', '/orgs/1/events?event_type=label.delete')).json;
    await expect.poll(deletions).toHaveLength(2);
    const href = '/orgs/1/labels/text';
    const named = { label: { href, key: 'text', value: 'text' } };
    const unnamed = { label: { href } };
    const changes = ((await deletions()) as { resource_changes: { resource: unknown }[] }[]).map(
      ({ resource_changes: [change] }) => change?.resource,
    );
    expect(changes).toEqual(expect.arrayContaining([named, unnamed]));
    const buried: unknown[] = [];
    const letters = await under.owner.latest(
      'DEAD_LETTERS',
      'dead.gateway.>',
      (letter) => void buried.push(letter),
    );
    await letters.caughtUp;
    expect(buried).toEqual([]);
    await letters.close();
  });
});
