/** A cluster at random: what happens in it one by one, told to a store and kept for the naive view. */
import type { Group, Unit } from '@ringfence/contracts';
import fc from 'fast-check';
import { ActorStore } from '../domain/actor-store.js';
import {
  allow,
  asOf,
  catalogue,
  CLUSTER,
  group,
  node,
  pod,
  profile,
  service,
  tellLists,
  tellPolicy,
  tellUnit,
} from './facts.js';
import { ANNOTATIONS, LABEL_SETS } from './naive-view.js';
import type { State } from './naive-view.js';

export const NODES = ['node-1', 'node-2'];

/** Whoever is told what is seen, and what the control plane says. */
export type Hearer = Pick<ActorStore, 'observe' | 'told'>;

/** Something that happens in a cluster, and what it leaves behind for who looks it up in plain loops. */
export interface Step {
  readonly name: string;
  to(store: Hearer, state: State): void;
}

const podNumber = fc.integer({ min: 1, max: 5 });
const anyPod: fc.Arbitrary<Step> = fc
  .record({
    number: podNumber,
    namespace: fc.constantFrom('shop', 'bank'),
    on: fc.constantFrom(...NODES, null),
    address: fc.constantFrom(1, 2, 3),
    phase: fc.constantFrom('Running', 'Running', 'Running', 'Succeeded'),
    hostNetwork: fc.constantFrom(false, false, false, true),
    annotations: fc.constantFrom(...ANNOTATIONS),
  })
  .map(({ number, address, on, annotations, ...rest }) => {
    // A Pod's owner is its own here, so that its annotations are its owner's.
    const owner = {
      uid: `owner-${number}-${rest.namespace}-${JSON.stringify(annotations)}`,
      kind: 'Pod',
      name: 'p',
    };
    const one = pod('p', number, {
      ...rest,
      annotations,
      owner,
      node: on,
      addresses: [`10.244.1.${address}`],
    });
    return {
      name: `pod ${number} at ${address}`,
      to: (store, state) => {
        store.observe('pod', one);
        // A Pod keeps its place among the others, as long as it lives.
        state.pods.set(one.uid, one);
      },
    };
  });
const anyGone: fc.Arbitrary<Step> = podNumber.map((number) => ({
  name: `pod ${number} is gone`,
  to: (store, state) => {
    store.observe('pod', pod('p', number, { gone: true }));
    state.pods.delete(`p-${number}`);
  },
}));
const anyService: fc.Arbitrary<Step> = fc
  .record({
    name: fc.constantFrom('front', 'back', 'kube-dns'),
    backends: fc.array(fc.tuple(podNumber, fc.constantFrom('10.0.0.1', '10.244.1.1', '10.244.1.2')), {
      maxLength: 2,
    }),
    targetPort: fc.constantFrom(5432, 8080),
    nodePort: fc.constantFrom(null, null, 30_080),
    isGone: fc.constantFrom(false, false, true),
  })
  .map(({ name, backends, targetPort, nodePort, isGone }) => {
    const namespace = name === 'kube-dns' ? 'kube-system' : 'shop';
    const ports = [{ name: 'main', proto: name === 'kube-dns' ? 17 : 6, port: 80, nodePort }];
    const behind = backends.map(([number, address]) => ({
      portIndex: 0,
      targetPort,
      podUid: `p-${number}`,
      address,
    }));
    const one = service(name, { namespace, ports, clusterIps: [`10.96.0.${name.length}`], backends: behind });
    return {
      name: `service ${name}${isGone ? ' is gone' : ''}`,
      to: (store, state) => {
        if (isGone) {
          store.observe('service', { ...one, gone: true });
          state.services.delete(one.uid);
        } else {
          store.observe('service', one);
          state.services.set(one.uid, one);
        }
      },
    };
  });
const anyProfile: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom('shop', 'bank'), fc.boolean())
  .map(([namespace, managed]) => ({
    name: `${namespace} ${managed ? 'managed' : 'unmanaged'}`,
    to: (store, state) => {
      store.told('profile', namespace, profile(namespace, { managed }));
      state.managed.set(namespace, managed);
    },
  }));

export const PEERS = ['g-00000000000000000001', 'g-00000000000000000002'];
let flush = 1;
const anyPolicy: fc.Arbitrary<Step> = fc
  .record({
    members: fc.tuple(...PEERS.map(() => fc.subarray(LABEL_SETS.map((one) => one.labelSet.id)))),
    cidrs: fc.constantFrom([], [], ['10.0.0.1/32'], ['10.0.0.0/24']),
    mode: fc.constantFrom('full', 'full', 'visibility_only'),
    rules: fc.array(
      fc.record({
        at: fc.constantFrom(...LABEL_SETS.map((one) => one.labelSet)),
        peer: fc.constantFrom(...PEERS),
        isIngress: fc.boolean(),
        port: fc.constantFrom(5432, 8080),
      }),
      { maxLength: 5 },
    ),
  })
  .map(({ members, cidrs, rules, mode }) => ({
    name: 'policy',
    to: (store, state) => {
      const of = (id: string, isIngress: boolean) =>
        rules
          .filter((rule) => rule.at.id === id && rule.isIngress === isIngress)
          .map(({ peer, port }) => allow(peer, port));
      const labelSets = [...new Map(rules.map(({ at }) => [at.id, at])).values()];
      const units = labelSets.map((labelSet): Unit => ({
        labelSet,
        mode,
        ingress: of(labelSet.id, true),
        egress: of(labelSet.id, false),
      }));
      const groups = PEERS.map((id, i) => group(id, members[i]!, { cidrs: i === 0 ? [...cidrs] : [] }));
      publish(store, state, { units, groups });
    },
  }));

export function publish(
  store: Hearer,
  state: State,
  policy: { readonly units: readonly Unit[]; readonly groups: readonly Group[] },
): void {
  flush += 1;
  const kept = new Set(policy.units.map((one) => one.labelSet.id));
  for (const one of state.units) if (!kept.has(one.labelSet.id)) tellUnit(store, one, null);
  tellPolicy(store, policy, asOf(flush));
  state.units = policy.units;
  state.groups = policy.groups;
}

export const emptyState = (): State => ({
  pods: new Map(),
  workloads: new Set(),
  services: new Map(),
  managed: new Map(),
  units: [],
  groups: [],
});

export function inSync(state: State): ActorStore {
  const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 15 });
  begin(store, state);
  store.caughtUp();
  return store;
}

/** One node, and no policy yet but the groups that the steps fill. */
export function begin(store: Hearer, state: State): void {
  store.told('labels', '', catalogue);
  tellLists(store);
  store.observe('node', node('node-1'));
  publish(store, state, { units: [], groups: PEERS.map((id) => group(id, [])) });
}

export const anyStep = fc.oneof(
  { weight: 6, arbitrary: anyPod },
  { weight: 2, arbitrary: anyGone },
  { weight: 2, arbitrary: anyService },
  { weight: 1, arbitrary: anyProfile },
  { weight: 2, arbitrary: anyPolicy },
);
