import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '../kube/kube-objects.js';
import { encodeAnswer, encodeName, parseQuestion, recordTypes, responseCodes } from './dns-message.js';
import { buildZone, lookup } from './zone.js';

const services: Service[] = [
  {
    metadata: { name: 'web', namespace: 'shop', uid: 'w' },
    spec: { clusterIP: '10.96.1.1', ports: [{ name: 'http', port: 80 }] },
  },
  {
    metadata: { name: 'db', namespace: 'shop', uid: 'd' },
    spec: { clusterIP: 'None', ports: [{ port: 5432 }] },
  },
  { metadata: { name: 'empty', namespace: 'shop', uid: 'e' }, spec: { clusterIP: 'None' } },
];
const slices: EndpointSlice[] = [
  {
    metadata: { name: 'db-1', namespace: 'shop', uid: 's', labels: { 'kubernetes.io/service-name': 'db' } },
    endpoints: [
      { addresses: ['10.244.1.5'], hostname: 'db-0' },
      { addresses: ['10.244.2.5'], hostname: 'db-1' },
      { addresses: ['10.244.2.6'], hostname: 'db-2', conditions: { ready: false } },
    ],
  },
];
const zone = buildZone(services, slices);

function addresses(name: string): string[] | undefined {
  const found = lookup(zone, name, recordTypes.a);
  return found.exists
    ? found.answers.flatMap((answer) => (answer.type === 'a' ? answer.address : []))
    : undefined;
}

describe('the cluster’s names', () => {
  it.each([
    ['web.shop.svc.cluster.local', ['10.96.1.1']],
    ['db.shop.svc.cluster.local', ['10.244.1.5', '10.244.2.5']],
    ['db-1.db.shop.svc.cluster.local', ['10.244.2.5']],
    ['10-244-1-5.shop.pod.cluster.local', ['10.244.1.5']],
    ['db-2.db.shop.svc.cluster.local', undefined],
    ['empty.shop.svc.cluster.local', undefined],
    ['web', undefined],
    ['web.other.svc.cluster.local', undefined],
    ['example.com', undefined],
  ])('%s means %j', (name, expected) => {
    expect(addresses(name)).toEqual(expected);
  });

  it('have no IPv6 address but exist', () => {
    expect(lookup(zone, 'web.shop.svc.cluster.local', recordTypes.aaaa)).toEqual({
      exists: true,
      answers: [],
    });
  });

  it('tell where a named port is', () => {
    const found = lookup(zone, '_http._tcp.web.shop.svc.cluster.local', recordTypes.srv);
    expect(found).toEqual({
      exists: true,
      answers: [{ type: 'srv', port: 80, target: 'web.shop.svc.cluster.local' }],
    });
  });
});

function questionFor(name: string, type: number): Buffer {
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, encodeName(name), Buffer.from([0, type, 0, 1])]);
}

describe('DNS messages', () => {
  it('are read without regard to case', () => {
    expect(parseQuestion(questionFor('Web.Shop', recordTypes.a))).toMatchObject({
      id: 0x1234,
      name: 'web.shop',
      type: 1,
      recursionDesired: true,
    });
  });

  it.each([
    ['too short', Buffer.alloc(5)],
    ['cut off in a name', questionFor('web', 1).subarray(0, 14)],
    [
      'an answer',
      Buffer.concat([
        Buffer.from([0, 0, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]),
        questionFor('web', 1).subarray(12),
      ]),
    ],
    [
      'a pointer in a question',
      Buffer.concat([questionFor('web', 1).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
    ],
  ])('are nothing when %s', (_, message) => {
    expect(parseQuestion(message)).toBeUndefined();
  });

  it('carry the answer behind the repeated question', () => {
    const question = parseQuestion(questionFor('web', recordTypes.a));
    if (question === undefined) throw new Error('the question was not read');
    const message = encodeAnswer(question, responseCodes.ok, [{ type: 'a', address: '10.96.1.1' }]);
    expect(message.readUInt16BE(0)).toBe(0x1234);
    expect(message.readUInt16BE(6)).toBe(1);
    expect([...message.subarray(-4)]).toEqual([10, 96, 1, 1]);
    expect(encodeAnswer(question, responseCodes.nameError, []).readUInt16BE(2) & 15).toBe(3);
  });
});
