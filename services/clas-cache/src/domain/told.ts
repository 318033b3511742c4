/** What the control plane tells → the graph, by kind. Settings count at once, records of policy with their commit. */
import type { POLICY_RECORDS, PolicyRecordKind } from '@ringfence/contracts';
import { indexCatalogue } from '@ringfence/labels';
import type { z } from 'zod';
import type { ClusterGraph } from './cluster-graph.js';
import type { RecordKind } from './policy-buffer.calculator.js';

export type Told = { readonly [K in PolicyRecordKind]: z.output<(typeof POLICY_RECORDS)[K]> };
/** `token`: the last part of the record's subject, which is all that a removal has. */
type Takers = {
  readonly [K in keyof Told]: (graph: ClusterGraph, told: Told[K], token: string) => void;
};

const TAKERS: Takers = {
  unit: (graph, { flush, unit }, token) => graph.inForce(graph.policy.set('unit', token, flush, unit)),
  list: (graph, { flush, list }, token) => graph.inForce(graph.policy.set('list', token, flush, list)),
  group: (graph, { flush, group }, token) => graph.inForce(graph.policy.set('group', token, flush, group)),
  endpoint: (graph, { flush, endpoint }, token) =>
    graph.inForce(graph.policy.set('endpoint', token, flush, endpoint)),
  commit: (graph, commit) => graph.inForce(graph.policy.commit(commit)),
  labels: (graph, catalogue) => {
    graph.sync.catalogue = catalogue;
    graph.view.pods.setCatalogue(indexCatalogue(catalogue));
  },
  profile: ({ view }, profile, token) => view.setProfile(token, profile),
  node: (graph, settings, token) => graph.setNodeSettings(token, settings),
  settled: ({ view }, { position }) => view.settled(position),
};

const isOfPolicy = (kind: keyof Told): kind is RecordKind =>
  kind === 'unit' || kind === 'list' || kind === 'group' || kind === 'endpoint';

export function takeTold<K extends keyof Told>(
  graph: ClusterGraph,
  kind: K,
  token: string,
  told: Told[K],
): void {
  TAKERS[kind](graph, told, token);
}

/** Of a form that is not known here. */
export function takeUnreadable(graph: ClusterGraph, kind: keyof Told, token: string): void {
  if (isOfPolicy(kind)) graph.policy.leaveOut(kind, token);
}

export function takeUntold(graph: ClusterGraph, kind: keyof Told, token: string): void {
  if (isOfPolicy(kind)) graph.policy.remove(kind, token);
  else if (kind === 'profile') graph.view.setProfile(token, null);
  else if (kind === 'node') graph.setNodeSettings(token, null);
}
