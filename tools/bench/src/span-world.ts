/** A large cluster as clas-cache has it: 8,000 workloads of 400 applications, 40,000 Pods, 50 nodes, a label set each workload. */
import type { Endpoint, Group, Unit, WireRule } from '@ringfence/contracts';
import { makeGroup, NO_FACTS } from '@ringfence/contracts';
import type { ViewChanges } from '@ringfence/clas-cache/spans';
import { makeLabelSet } from '@ringfence/labels';
import { CLUSTER } from './policy/shape.js';

export const AT = '2026-11-20T10:00:00.000Z';
const [APPS, ROLES, PODS, PEERS] = [400, 20, 5, 10];
export const NODES = Array.from({ length: 50 }, (_, i) => `node-${i}`);
export const WORKLOADS = APPS * ROLES;

const indexes = (length: number): number[] => Array.from({ length }, (_, i) => i);
const labelSets = indexes(WORKLOADS).map((workload) => {
  const [app, role] = [Math.floor(workload / ROLES), workload % ROLES];
  const labels = [String(role + 1), String(app + 101)];
  return makeLabelSet({ cluster: CLUSTER, namespace: `app-${app}`, class: 'pod', labels });
});

/** The `copy`th Pod of a workload; a moved one is a later copy. */
export function endpoint(workload: number, copy: number, node: string): Endpoint {
  const number = workload * PODS + (copy % PODS);
  const name = `pod-${workload}-${copy}`;
  return {
    ...{ id: name, workload: `workload-${workload}`, labelSet: labelSets[workload]!.id, class: 'pod', node },
    addresses: [`10.${100 + Math.floor(copy / PODS)}.${number >> 8}.${number & 255}`],
    pod: { namespace: labelSets[workload]!.namespace ?? '', name, probePorts: [] },
  };
}

export const homeOf = (workload: number, copy: number): string =>
  NODES[(workload * PODS + copy) % NODES.length]!;

const groupId = (number: number): string => `g-${String(number).padStart(20, '0')}`;
const group = (number: number, members: readonly string[]): Group =>
  makeGroup(groupId(number), { labelSets: [...members] });

/** Every role reaches ten others of its application, and is reached by ten. */
function unit(workload: number): Unit {
  const [app, role] = [Math.floor(workload / ROLES), workload % ROLES];
  const rules = indexes(PEERS).map((i): WireRule => ({
    ref: `/orgs/1/sec_policy/active/rule_sets/${app}/sec_rules/${i}`,
    class: 'allow',
    ports: [{ proto: 6, from: 8000 + i, to: 8000 + i }],
    peers: [groupId(app * ROLES + ((role + i) % ROLES)), groupId(WORKLOADS + app)],
  }));
  return { labelSet: labelSets[workload]!, mode: 'full', ingress: rules, egress: rules };
}

export const changesOf = (parts: Partial<ViewChanges>): ViewChanges => ({
  ...{ units: { upsert: [], remove: [] }, groups: { upsert: [], remove: [] } },
  ...{
    endpoints: { upsert: [], remove: [] },
    guards: { nodePorts: null, units: { upsert: [], remove: [] } },
  },
  ...{ namespaces: null, apiServers: null, services: false, touchedPods: [] },
  stamp: { policyVersion: 1, facts: NO_FACTS, settled: 1 },
  ...parts,
});

export function everything(): ViewChanges {
  const workloads = indexes(WORKLOADS);
  const apps = indexes(APPS).map((app) =>
    group(
      WORKLOADS + app,
      labelSets.slice(app * ROLES, (app + 1) * ROLES).map(({ id }) => id),
    ),
  );
  const endpoints = workloads.flatMap((one) =>
    indexes(PODS).map((copy) => endpoint(one, copy, homeOf(one, copy))),
  );
  return changesOf({
    units: { upsert: workloads.map(unit), remove: [] },
    groups: { upsert: [...workloads.map((one) => group(one, [labelSets[one]!.id])), ...apps], remove: [] },
    endpoints: { upsert: endpoints, remove: [] },
  });
}
