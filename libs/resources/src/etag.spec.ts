import { CallError } from '@ringfence/bus';
import { expect, it } from 'vitest';
import { etagOf, refuseIfChanged } from './etag.js';

const body = { href: '/orgs/1/sec_policy/draft/ip_lists/3', name: 'Offices' };
const read = etagOf(body);

it.each([
  ['names nothing', undefined],
  ['names anything', '*'],
  ['names what is', read],
  ['names what is among others', `W/"other", ${read}`],
])('a change that %s is let through', (_, ifMatch) => {
  expect(() => refuseIfChanged(ifMatch, () => body)).not.toThrow();
});

it('is the same of a text at hand, and whatever is reported meanwhile', () => {
  expect(etagOf(body, JSON.stringify(body))).toBe(read);
  expect(etagOf({ ...body, online: true, agent: { status: { last_heartbeat_on: 'now' } } })).toBe(read);
  const standing = { ringfence_status: 'error', ringfence_status_message: 'node-2 is silent' };
  expect(etagOf({ ...body, ...standing })).toBe(read);
  expect(etagOf([body])).not.toBe(read);
});

it('a change that names what is not any more is refused', () => {
  expect(() => refuseIfChanged(read, () => ({ ...body, name: 'Branches' }))).toThrow(CallError);
});
