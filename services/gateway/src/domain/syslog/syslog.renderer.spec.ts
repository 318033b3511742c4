import type { AuditEvent } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { reportOfEvent } from './report.js';
import { syslogLine } from './syslog.renderer.js';

const EVENT: AuditEvent = {
  ...{ href: '/orgs/1/events/e', event_id: 'e', event_type: 'rule_set.update', pce_fqdn: 'pce' },
  ...{ timestamp: '2026-01-31T12:00:00.000Z', severity: 'warning', status: 'failure' },
  created_by: { user: { href: '/users/1', username: 'ann=b|c' } },
  action: {
    ...{ uuid: 'e', api_endpoint: '/api/v2/x', api_method: 'PUT', http_status_code: 406, src_ip: '10.0.0.1' },
    ...{ info: {}, errors: [{ token: 'in_use', message: 'one\ntwo' }] },
  },
  resource_changes: [
    { uuid: 'r', resource: { rule_set: { href: '/rs/1' } }, change_type: 'update', changes: {} },
  ],
  notifications: [],
};
const ORIGIN = { hostname: 'gate way', version: '1.2' };
const line = (format: 'JSON' | 'CEF' | 'LEEF', event = EVENT): string =>
  syslogLine(reportOfEvent(event), format, ORIGIN);
const HEAD = '<108>1 2026-01-31T12:00:00.000Z gateway ringfence - rule_set.update - ';

describe('an audit event in syslog', () => {
  it('has the head of RFC 5424, and is whole as JSON', () => {
    expect(line('JSON')).toBe(HEAD + JSON.stringify(EVENT));
  });

  it('is CEF with what would end a field escaped', () => {
    expect(line('CEF')).toBe(
      `${HEAD}CEF:0|Ringfence|Ringfence|1.2|rule_set.update|rule set update|5|rt=1769860800000 dvchost=gate way ` +
        'externalId=e outcome=failure suser=ann\\=b|c src=10.0.0.1 requestMethod=PUT request=/api/v2/x cn1Label=status cn1=406 ' +
        'reason=in_use: one\\ntwo cs1Label=resources cs1=update:/rs/1',
    );
    expect(line('CEF', { ...EVENT, event_type: 'a|b\\c' })).toContain('|a\\|b\\\\c|');
  });

  it('is LEEF with a tab between its pairs', () => {
    expect(line('LEEF').split('\t')).toEqual([
      `${HEAD}LEEF:2.0|Ringfence|Ringfence|1.2|rule_set.update|x09|devTime=2026-01-31T12:00:00.000Z`,
      ...['sev=5', 'externalId=e', 'outcome=failure', 'suser=ann=b|c', 'src=10.0.0.1', 'requestMethod=PUT'],
      ...['request=/api/v2/x', 'cn1Label=status', 'cn1=406', 'reason=in_use: one two', 'cs1Label=resources'],
      'cs1=update:/rs/1',
    ]);
  });

  it('is one line, however long and whatever it holds', () => {
    const changes = Array.from({ length: 1_000 }, () => EVENT.resource_changes[0]!);
    const long = { ...EVENT, event_type: 'x'.repeat(100), resource_changes: changes };
    const reason = { ...EVENT.action!, errors: [{ token: 't', message: 'é\r\n'.repeat(50_000) }] };
    for (const format of ['JSON', 'CEF', 'LEEF'] as const) {
      const text = line(format, { ...long, action: reason });
      expect(text).not.toMatch(/[\r\n]/);
      expect(text.length).toBeLessThan(8_500);
    }
  });
});
