/** Short ways to say a node's view in tests. */
import { makeGroup } from '@ringfence/contracts';
import type { EnforcementMode, Endpoint, Group, NodeView, Unit, WireRule } from '@ringfence/contracts';
import type { PodPlace } from '../domain/desired-tables.calculator.js';
import { group, unitOf } from './models.js';

export const labelSet = (n: number): string => `ls-${String(n).padStart(20, '0')}`;

export function podEndpoint(id: string, set: number, extra: Partial<Endpoint> = {}): Endpoint {
  return {
    id,
    workload: null,
    labelSet: labelSet(set),
    class: 'pod',
    addresses: [],
    node: 'node-1',
    pod: { namespace: 'shop', name: id, probePorts: [] },
    ...extra,
  };
}

export function groupOf(n: number, sets: readonly number[], extra: Partial<Group> = {}): Group {
  return makeGroup(group(n), { labelSets: sets.map(labelSet), ...extra });
}

export function podUnit(
  set: number,
  mode: EnforcementMode,
  rules: { ingress?: WireRule[]; egress?: WireRule[] } = {},
): Unit {
  const unit = unitOf(mode, rules);
  return { ...unit, labelSet: { ...unit.labelSet, id: labelSet(set) } };
}

export interface ViewParts {
  readonly revision: number;
  readonly base?: number | null;
  readonly groups?: Group[];
  readonly endpoints?: Endpoint[];
  readonly units?: Unit[];
  readonly gone?: string[];
  readonly namespaces?: NodeView['namespaces'];
}

export function viewOf({
  revision,
  base = null,
  groups = [],
  endpoints = [],
  units = [],
  gone = [],
  namespaces,
}: ViewParts): NodeView {
  return {
    node: 'node-1',
    revision,
    base,
    policyVersion: 1,
    at: '2026-01-01T00:00:00.000Z',
    groups: { upsert: groups, remove: [] },
    endpoints: { upsert: endpoints, remove: gone },
    units: { upsert: units, remove: [] },
    ...(namespaces === undefined ? {} : { namespaces }),
  };
}

export function podPlace(uid: string, namespace = 'shop'): PodPlace {
  return { kind: 'pod', id: `sandbox-${uid}`, netns: `/run/netns/${uid}`, podUid: uid, namespace, name: uid };
}
