/** Rules across clusters: whom the rules of one cluster mean in another, and by which addresses. */
import { describe, expect, it } from 'vitest';
import { GLOBAL } from '@ringfence/contracts';
import type { LabelSet, RuleSet, SeenFromOutside } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { evaluate } from './evaluate.js';
import type { Direction } from './evaluate.js';
import { GroupMembers } from './group-members.js';
import { PolicyCalculator } from './policy.calculator.js';
import { ToldPolicy } from './testing/index.js';
import { allow, deny, labelId, rules } from './testing/town.js';

const [EAST, WEST] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const set = (cluster: string, of: LabelSet['class'], ...labels: string[]): LabelSet =>
  makeLabelSet({ cluster, class: of, namespace: of === 'pod' ? 'shop' : null, labels: labels.map(labelId) });
/** The same namespace and labels, and in each the Pod 10.244.0.5. */
const WEB = { east: set(EAST, 'pod', 'role:web'), west: set(WEST, 'pod', 'role:web') };
const DB = { east: set(EAST, 'pod', 'role:db'), west: set(WEST, 'pod', 'role:db') };
const NODE = { east: set(EAST, 'node', 'role:node'), west: set(WEST, 'node', 'role:node') };
const HOST = set(GLOBAL, 'unmanaged', 'role:db');
const WORKLOADS = {
  ...{ 'web-east': WEB.east, 'web-west': WEB.west, 'db-east': DB.east, 'db-west': DB.west },
  ...{ 'node-east': NODE.east, 'node-west': NODE.west, host: HOST },
};

const hidden = (...addresses: string[]): SeenFromOutside => ({ addresses, isHidden: true });
const flat = (...addresses: string[]): SeenFromOutside => ({ addresses, isHidden: false });
const SEEN: Record<string, SeenFromOutside> = {
  'web-east': hidden('192.0.2.1'),
  'web-west': hidden('198.51.100.1'),
  'db-east': hidden('192.0.2.2'),
  'db-west': hidden('198.51.100.2'),
  'node-east': flat('192.0.2.1'),
  'node-west': flat('198.51.100.1'),
};

class TwoClusters {
  readonly calculator = new PolicyCalculator();
  private readonly told = { [EAST]: new ToldPolicy(), [WEST]: new ToldPolicy() };

  constructor(ruleSet: RuleSet, seen: Record<string, SeenFromOutside> = SEEN) {
    const labels = ['role:web', 'role:db', 'role:node'].map((text) => ({
      ...{ id: labelId(text), key: 'role', value: text.slice(5) },
    }));
    this.calculator.setCrossing(true);
    this.calculator.setCatalogue({ types: ['role'], labels });
    this.calculator.setObject('rule_sets', ruleSet);
    for (const [workload, labelSet] of Object.entries(WORKLOADS)) {
      this.calculator.setLabelSet(labelSet, 'full');
      this.calculator.setWorkload(workload, labelSet.id);
    }
    for (const [workload, each] of Object.entries(seen)) this.calculator.setSeenFromOutside(workload, each);
  }

  /** What a workload does with a packet. */
  passes(workload: keyof typeof WORKLOADS, direction: Direction, peer: string): boolean {
    const own = WORKLOADS[workload];
    const told = this.flushed(own.cluster);
    const members = new GroupMembers();
    for (const group of told.groups.values()) members.upsertGroup(group);
    const unit = told.units.get(own.id)!;
    const packet = { proto: 6, port: 80, peer };
    return (
      evaluate({ unit, direction, packet, members, workload, hostAddresses: new Set() }).verdict === 'allowed'
    );
  }

  /** Addresses that the policy of a cluster names. */
  addresses(cluster: string): string[] {
    return [...new Set([...this.flushed(cluster).groups.values()].flatMap(({ cidrs }) => cidrs))].sort();
  }

  private flushed(cluster: string): ToldPolicy {
    const told = this.told[cluster]!;
    told.apply(this.calculator.flush(cluster));
    return told;
  }
}

describe('Pods that their nodes hide', () => {
  it('are let in at a host of another cluster by the addresses of the nodes that they run on', () => {
    const two = new TwoClusters(rules([], allow('role:web', 'role:node')));
    expect(two.passes('node-west', 'ingress', '192.0.2.1')).toBe(true);
    expect(two.passes('node-west', 'ingress', '192.0.2.2')).toBe(false);
    expect(two.passes('node-west', 'ingress', '10.244.0.5')).toBe(false);
  });

  it('are let in by Pods of another cluster, which their nodes judge for', () => {
    const two = new TwoClusters(rules([], allow('role:web', 'role:db')));
    expect(two.passes('db-west', 'ingress', '192.0.2.1')).toBe(true);
    expect(two.passes('db-west', 'ingress', '192.0.2.2')).toBe(false);
    expect(two.addresses(WEST)).toEqual(['192.0.2.1/32']);
  });

  it('are reached at no address of their nodes: nobody is let out there for them', () => {
    const two = new TwoClusters(rules([], allow('role:web', 'role:db')));
    expect(two.passes('web-east', 'egress', '198.51.100.2')).toBe(false);
    expect(two.passes('web-east', 'egress', '10.244.0.5')).toBe(false);
  });

  it('are named one by one as well', () => {
    const two = new TwoClusters(rules([], allow('workload:web-east', 'workload:db-west')));
    expect(two.passes('db-west', 'ingress', '192.0.2.1')).toBe(true);
    expect(two.passes('db-east', 'ingress', '198.51.100.1')).toBe(false);
  });

  it('are denied where a rule denies, with whoever else comes from their nodes', () => {
    const two = new TwoClusters(
      rules([], allow('role:web role:db', 'role:node'), deny('role:web', 'role:node', { override: true })),
    );
    expect(two.passes('node-west', 'ingress', '192.0.2.1')).toBe(false);
    expect(two.passes('node-west', 'ingress', '192.0.2.2')).toBe(true);
  });

  it('come from other addresses once they run elsewhere, and from none once they are gone', () => {
    const two = new TwoClusters(rules([], allow('role:web', 'role:db')));
    expect(two.addresses(WEST)).toEqual(['192.0.2.1/32']);
    two.calculator.setSeenFromOutside('web-east', hidden('192.0.2.3', '192.0.2.4'));
    expect(two.addresses(WEST)).toEqual(['192.0.2.3/32', '192.0.2.4/32']);
    two.calculator.setWorkload('web-east', DB.east.id);
    expect(two.addresses(WEST)).toEqual([]);
    two.calculator.setWorkload('web-east', WEB.east.id);
    two.calculator.setSeenFromOutside('web-east', null);
    expect(two.addresses(WEST)).toEqual([]);
  });
});

describe('Pods of a flat network', () => {
  const FLAT = { ...SEEN, 'web-east': flat('10.1.0.5'), 'db-west': flat('10.2.0.5', '10.2.0.6') };

  it('are let in and let out to by their own addresses', () => {
    const two = new TwoClusters(rules([], allow('role:web', 'role:db')), FLAT);
    expect(two.passes('db-west', 'ingress', '10.1.0.5')).toBe(true);
    expect(two.passes('db-west', 'ingress', '192.0.2.1')).toBe(false);
    expect(two.passes('web-east', 'egress', '10.2.0.6')).toBe(true);
    expect(two.passes('web-east', 'egress', '10.244.0.5')).toBe(false);
  });
});

describe('hosts', () => {
  it('of another cluster are reached by their addresses, and let in by these', () => {
    const two = new TwoClusters(rules([], allow('role:web', 'role:node'), allow('role:node', 'role:db')));
    expect(two.passes('web-east', 'egress', '198.51.100.1')).toBe(true);
    expect(two.passes('db-east', 'ingress', '198.51.100.1')).toBe(true);
    expect(two.passes('db-east', 'ingress', '198.51.100.2')).toBe(false);
  });

  it('that nobody sees any more are in nobody’s rules', () => {
    const two = new TwoClusters(rules([], allow('role:web', 'role:node')));
    two.calculator.setSeenFromOutside('node-west', null);
    expect(two.passes('web-east', 'egress', '198.51.100.1')).toBe(false);
  });
});

describe('clusters', () => {
  it('know nothing of label sets and workloads of others', () => {
    const two = new TwoClusters(rules([], allow('ams', 'ams')));
    const told = new ToldPolicy();
    told.apply(two.calculator.flush(WEST));
    const named = [...told.groups.values()].flatMap(({ labelSets, workloads }) => [
      ...labelSets,
      ...workloads,
    ]);
    const own = [WEB.west, DB.west, NODE.west, HOST].map(({ id }) => id);
    expect(named.filter((id) => !own.includes(id))).toEqual([]);
  });

  it('are told nothing of each other where there is only one', () => {
    const ruleSet = rules([], allow('role:web', 'role:db'));
    const two = new TwoClusters(ruleSet);
    two.calculator.flush(EAST);
    two.calculator.flush(WEST);
    for (const labelSet of [WEB.west, DB.west, NODE.west]) two.calculator.removeLabelSet(labelSet.id);
    two.calculator.removeCluster(WEST);
    two.calculator.setCrossing(false);
    const told = new ToldPolicy();
    told.apply(two.calculator.flush(EAST));
    const wires = [...told.lists.values()].flatMap(({ ingress, egress }) => [...ingress, ...egress]);
    expect(wires.map(({ peers }) => peers.length)).toEqual([1, 1]);
  });
});
