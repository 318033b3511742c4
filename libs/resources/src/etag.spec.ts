import { CallError } from '@ringfence/bus';
import { expect, it } from 'vitest';
import { etagOf, refuseIfChanged } from './etag.js';

const body = { href: '/orgs/1/sec_policy/draft/ip_lists/3', name: 'Offices' };
const read = etagOf(JSON.stringify(body));

it.each([
  ['names nothing', undefined],
  ['names anything', '*'],
  ['names what is', read],
  ['names what is among others', `W/"other", ${read}`],
])('a change that %s is let through', (_, ifMatch) => {
  expect(() => refuseIfChanged(ifMatch, () => body)).not.toThrow();
});

it('a change that names what is not any more is refused', () => {
  expect(() => refuseIfChanged(read, () => ({ ...body, name: 'Branches' }))).toThrow(CallError);
});
