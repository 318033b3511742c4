import { makeGroup } from '@ringfence/contracts';
import type { Unit, WireRule } from '@ringfence/contracts';
import { GroupMembers } from '@ringfence/policy-engine';
import { describe, expect, it } from 'vitest';
import { judge, TCP, UDP } from './judge.js';
import type { Connection, EnforcedEnd } from './judge.js';

const WEB = '10.244.1.2';
const API = '10.244.2.2';
const VIP = '10.96.0.7';

function members(): GroupMembers {
  const groups = new GroupMembers();
  groups.upsertGroup(makeGroup('web', { cidrs: [`${WEB}/32`] }));
  groups.upsertGroup(makeGroup('api', { cidrs: [`${API}/32`] }));
  groups.upsertGroup(makeGroup('vip', { cidrs: [`${VIP}/32`] }));
  return groups;
}
const rule = (ref: string, peer: string, port: number, ruleClass: WireRule['class'] = 'allow'): WireRule => {
  return { ref, class: ruleClass, ports: [{ proto: TCP, from: port, to: port }], peers: [peer] };
};
function end(mode: Unit['mode'], rules: Partial<Pick<Unit, 'ingress' | 'egress'>> = {}): EnforcedEnd {
  const labelSet = { id: 'x', cluster: 'c', namespace: 'shop', class: 'pod' as const, labels: [] };
  const unit: Unit = { labelSet, mode, ingress: [], egress: [], ...rules };
  return { unit, mode, members: members(), hostAddresses: new Set() };
}
const connection: Connection = {
  proto: TCP,
  source: WEB,
  target: { address: VIP, port: 80 },
  backend: { address: API, port: 8081 },
  isAnswered: true,
};
const allowing = {
  consumer: end('full', { egress: [rule('out', 'vip', 80)] }),
  provider: end('full', { ingress: [rule('in', 'web', 8081)] }),
};

describe('a connection that rules allow', () => {
  it('is reported by each end as that end sees it, with its rule', () => {
    const { consumer, provider, isConnected } = judge(connection, allowing);
    expect(isConnected).toBe(true);
    expect(consumer).toMatchObject({ direction: 'outbound', src: WEB, dst: VIP, port: 80 });
    expect(consumer).toMatchObject({ verdict: 'allowed', rule: 'out', ruleClass: 'allow', connections: 1 });
    expect(provider).toMatchObject({ direction: 'inbound', src: WEB, dst: API, port: 8081 });
    expect(provider).toMatchObject({ verdict: 'allowed', rule: 'in', ruleClass: 'allow', connections: 1 });
    expect(provider?.bytesIn).toBeGreaterThan(0);
  });
});

describe('a connection that no rule allows', () => {
  it('passes and is reported as potentially blocked in visibility only', () => {
    const ends = { consumer: end('visibility_only'), provider: end('visibility_only') };
    const { consumer, provider, isConnected } = judge(connection, ends);
    expect(isConnected).toBe(true);
    for (const flow of [consumer, provider])
      expect(flow).toMatchObject({ verdict: 'potentially_blocked', rule: null, ruleClass: null });
  });

  it('never reaches the provider when the consumer blocks it', () => {
    const { consumer, provider, isConnected } = judge(connection, { ...allowing, consumer: end('full') });
    expect(isConnected).toBe(false);
    expect(consumer).toMatchObject({ verdict: 'blocked', connections: 2, bytesIn: 0 });
    expect(provider).toBeNull();
  });

  it('leaves the consumer and is blocked at the provider', () => {
    const { consumer, provider, isConnected } = judge(connection, { ...allowing, provider: end('full') });
    expect(isConnected).toBe(false);
    expect(consumer).toMatchObject({ verdict: 'allowed', rule: 'out', connections: 2, bytesIn: 0 });
    expect(provider).toMatchObject({ verdict: 'blocked', rule: null, connections: 2, bytesIn: 0 });
  });

  it('is blocked by the deny rule that is named, in selective mode', () => {
    const provider = end('selective', { ingress: [rule('no', 'web', 8081, 'deny')] });
    const judged = judge(connection, { consumer: null, provider });
    expect(judged.provider).toMatchObject({ verdict: 'blocked', rule: 'no', ruleClass: 'deny' });
  });
});

describe('ends that nothing is enforced at', () => {
  it('let everything pass and report nothing', () => {
    const judged = judge(connection, { consumer: null, provider: null });
    expect(judged).toEqual({ consumer: null, provider: null, isConnected: true });
  });

  it('do so when their mode is idle, too', () => {
    const judged = judge(connection, { consumer: end('idle'), provider: allowing.provider });
    expect(judged.consumer).toBeNull();
    expect(judged.provider).toMatchObject({ verdict: 'allowed' });
  });
});

describe('a connection that nobody answers', () => {
  it('is reported by the consumer alone when the Service has nobody behind it', () => {
    const judged = judge({ ...connection, backend: null, isAnswered: false }, allowing);
    expect(judged.consumer).toMatchObject({ verdict: 'allowed', connections: 2, bytesIn: 0 });
    expect(judged.provider).toBeNull();
    expect(judged.isConnected).toBe(false);
  });

  it('counts one attempt where the protocol repeats nothing', () => {
    const judged = judge({ ...connection, proto: UDP, isAnswered: false }, { ...allowing, provider: null });
    expect(judged.consumer).toMatchObject({ verdict: 'blocked', connections: 1 });
  });
});
