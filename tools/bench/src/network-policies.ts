/** bench: what clas-cache computes of 10,000 NetworkPolicies: from zero, and when one Pod, policy or namespace changes */
import { parseArgs } from 'node:util';
import { ClusterView } from '@ringfence/clas-cache/cluster-view';
import type { NetworkPolicyForm } from '@ringfence/contracts';
import { distribution, liveHeapMb, milliseconds, ms, print, processorMilliseconds } from './measure.js';
import type { Figure } from './measure.js';

const HELP = `npm run bench -- network-policies [--policies N]

  --policies N   ten in each namespace, with ten kinds of Pods of two each (10000)`;
const AT = '2026-01-01T00:00:00.000Z';
const EPOCH = 'e1';
const PER_NAMESPACE = 10;
const CHANGES = 200;

const inOne = (key: string, value: string) => ({ key, operator: 'In' as const, values: [value] });

/** Of each program: in from the next one of its namespace and from the same of a friendly namespace, on a named port. */
const policyOf = (namespace: string, n: number, team: string): NetworkPolicyForm => ({
  ...{ namespace, name: `policy-${n}`, pods: [inOne('app', `app-${n}`)], egress: null },
  ingress: [
    {
      peers: [
        { kind: 'pods', namespaces: null, pods: [inOne('app', `app-${(n + 1) % PER_NAMESPACE}`)] },
        { kind: 'pods', namespaces: [inOne('team', team)], pods: [inOne('app', `app-${n}`)] },
        { kind: 'addresses', cidr: '192.0.2.0/24', except: [] },
      ],
      ports: [
        { proto: 6, name: 'http' },
        { proto: 6, from: 9090, to: 9090 },
      ],
    },
  ],
});

class World {
  readonly view = new ClusterView('c');
  readonly namespaces: readonly string[];

  constructor(policies: number) {
    this.namespaces = Array.from({ length: policies / PER_NAMESPACE }, (_, i) => `ns-${i}`);
    for (const [i, name] of this.namespaces.entries()) {
      this.label(i, this.teamOf(i));
      this.view.setProfile(name, {
        id: name,
        namespace: name,
        managed: true,
        mode: 'visibility_only',
        assignments: {},
      });
      for (let n = 0; n < PER_NAMESPACE; n++) {
        this.policy(i, n);
        for (let pod = 0; pod < 2; pod++) this.pod(i, n, pod, `app-${n}`);
      }
    }
  }

  teamOf(i: number): string {
    return `team-${i % 100}`;
  }
  label(i: number, team: string): void {
    this.view.policies.traits.setNamespace(`ns-${i}`, EPOCH, { name: `ns-${i}`, labels: { team } });
  }
  policy(i: number, n: number, team = this.teamOf(i)): void {
    this.view.policies.traits.setPolicy(`p-${i}-${n}`, EPOCH, policyOf(`ns-${i}`, n, team));
  }
  pod(i: number, n: number, pod: number, app: string): void {
    const owner = { uid: `o-${i}-${n}`, kind: 'Deployment', name: `app-${n}` };
    this.view.pods.setPod(
      {
        ...{ uid: `pod-${i}-${n}-${pod}`, namespace: `ns-${i}`, name: `pod-${n}-${pod}`, node: 'n1' },
        ...{ hostNetwork: false, phase: 'Running', annotations: {}, probePorts: [], readinessGates: [] },
        ...{ owner, observedAt: AT, labels: { app }, namedPorts: [{ name: 'http', proto: 6, port: 8080 }] },
        addresses: [`10.${i >> 7}.${((i & 127) << 1) + (n >> 3)}.${((n & 7) << 4) + pod + 1}`],
      },
      EPOCH,
    );
  }
  flush(): void {
    this.view.flush();
  }
}

function changed(what: string, world: World, change: (i: number) => void): Figure[] {
  let found = { median: 0, p99: 0 };
  const busy = processorMilliseconds(() => {
    found = distribution(CHANGES, (i) => {
      change(i);
      world.flush();
    });
  });
  const value = `${ms(found.median)} (p99 ${ms(found.p99)}), ${ms(busy / CHANGES)} of processors`;
  return [{ what, value }];
}

function main(): void {
  const { values } = parseArgs({ options: { policies: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) return console.log(HELP);
  const policies = Number(values.policies ?? 10_000);
  const before = liveHeapMb();
  let world!: World;
  let taken = 0;
  const busy = processorMilliseconds(() => {
    taken = milliseconds(() => {
      world = new World(policies);
      world.flush();
    });
  });
  const heap = liveHeapMb() - before;
  const some = (i: number): number => (i * 37) % world.namespaces.length;
  print(`${policies} NetworkPolicies in ${world.namespaces.length} namespaces, ${policies * 2} Pods`, [
    { what: 'from zero', value: `${ms(taken)}, ${ms(busy)} of processors; ${heap.toFixed(0)} MB kept` },
    ...changed('a Pod has another label', world, (i) => world.pod(some(i), 0, 0, `app-${1 + (i % 9)}`)),
    ...changed('a Pod has a label of its own', world, (i) => world.pod(some(i), 1, 0, `own-${i}`)),
    ...changed('a policy is changed', world, (i) => world.policy(some(i), 2, `team-${(i * 7) % 100}`)),
    ...changed('a policy is deleted', world, (i) =>
      world.view.policies.traits.removePolicy(`p-${some(i)}-3`),
    ),
    ...changed('a namespace is relabelled', world, (i) => world.label(some(i), `team-${(i * 11) % 100}`)),
  ]);
}

main();
