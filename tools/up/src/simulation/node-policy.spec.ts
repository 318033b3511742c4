import { makeGroup } from '@ringfence/contracts';
import type { Endpoint, NodeView, Unit } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { judge, TCP } from './judge.js';
import { NodePolicy } from './node-policy.js';

const HOST = '172.30.0.11';
const POD = { uid: 'pod-1', namespace: 'shop' };
const group = makeGroup('g1', { labelSets: ['ls2'] });
const unit: Unit = {
  labelSet: { id: 'ls1', cluster: 'c', namespace: 'shop', class: 'pod', labels: [] },
  mode: 'full',
  ingress: [{ ref: 'r1', class: 'allow', ports: [{ proto: TCP, from: 80, to: 80 }], peers: ['g1'] }],
  egress: [],
};
function endpoint(id: string, labelSet: string, address: string, more: Partial<Endpoint> = {}): Endpoint {
  return { id, workload: null, labelSet, class: 'pod', addresses: [address], node: 'n1', ...more };
}
function view(revision: number, base: number | null, parts: Partial<NodeView> = {}): NodeView {
  return {
    node: 'n1',
    revision,
    base,
    policyVersion: 3,
    at: '2026-01-01T00:00:00Z',
    groups: { upsert: [], remove: [] },
    endpoints: { upsert: [], remove: [] },
    units: { upsert: [], remove: [] },
    ...parts,
  };
}
const snapshot = view(5, null, {
  groups: { upsert: [group], remove: [] },
  endpoints: {
    upsert: [
      endpoint('pod-1', 'ls1', '10.244.1.2', {
        pod: { namespace: 'shop', name: 'web', probePorts: [{ proto: TCP, port: 9000 }] },
      }),
      endpoint('pod-2', 'ls2', '10.244.2.2'),
    ],
    remove: [],
  },
  units: { upsert: [unit], remove: [] },
  namespaces: [{ name: 'shop', mode: 'full' }],
});

function policy(...views: NodeView[]): NodePolicy {
  const made = new NodePolicy([HOST]);
  for (const each of views) made.apply(each);
  return made;
}
function inboundVerdict(of: NodePolicy, source: string, port: number): string | undefined {
  const place = { address: '10.244.1.2', port };
  const ends = { consumer: null, provider: of.endOf(POD) };
  const call = { proto: TCP, source, target: place, backend: place, isAnswered: true };
  return judge(call, ends).provider?.verdict;
}

describe('a view', () => {
  it('is applied in order; what does not fit is a gap, what is known is old', () => {
    const made = policy();
    expect(made.apply(view(6, 5))).toBe('gap');
    expect(made.apply(snapshot)).toBe('applied');
    expect(made.apply(view(7, 6))).toBe('gap');
    expect(made.apply(view(5, 4))).toBe('old');
    expect(made.apply(view(6, 5))).toBe('applied');
    expect(made.inForce).toEqual({ revision: 6, policyVersion: 3 });
  });

  it('that is a snapshot replaces everything, even with a lower revision', () => {
    const made = policy(snapshot, view(2, null));
    expect(made.inForce?.revision).toBe(2);
    expect(made.isEnforced('pod-1')).toBe(false);
  });

  it('says who is allowed, and changes that with a delta', () => {
    expect(inboundVerdict(policy(snapshot), '10.244.2.2', 80)).toBe('allowed');
    const removal = view(6, 5, { endpoints: { upsert: [], remove: ['pod-2'] } });
    expect(inboundVerdict(policy(snapshot, removal), '10.244.2.2', 80)).toBe('blocked');
  });

  it('lets the own node probe', () => {
    expect(inboundVerdict(policy(snapshot), HOST, 9000)).toBe('allowed');
    expect(inboundVerdict(policy(snapshot), HOST, 80)).toBe('blocked');
  });
});

describe('a Pod that is not known yet', () => {
  it('is closed in a managed namespace in full, and nothing is enforced elsewhere', () => {
    const made = policy(snapshot);
    expect(made.endOf({ uid: 'new', namespace: 'shop' })).toMatchObject({ mode: 'full' });
    expect(made.endOf({ uid: 'new', namespace: 'other' })).toBeNull();
    expect(made.isEnforced('new')).toBe(false);
  });
});

describe('an endpoint of its own mode', () => {
  it('overrides the unit, and idle enforces nothing', () => {
    const own = (mode: Endpoint['mode']): NodeView =>
      view(6, 5, {
        endpoints: { upsert: [endpoint('pod-1', 'ls1', '10.244.1.2', { mode })], remove: [] },
      });
    expect(policy(snapshot, own('visibility_only')).endOf(POD)).toMatchObject({ mode: 'visibility_only' });
    expect(policy(snapshot, own('idle')).endOf(POD)).toBeNull();
  });
});
