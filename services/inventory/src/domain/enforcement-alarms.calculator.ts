/**
 * What is not in force in a cluster → alarms, one per cause. What concerns a node as a whole (it is silent, unpaired, behind) is
 * one alarm of that node, however many Pods it has; everything else is one alarm per workload. A cluster that is not heard
 * is one alarm, and what was known of it stands.
 */
import type { EnforcementMode } from '@ringfence/contracts';
import { grouped } from './grouped.js';

export interface NotInForceRow {
  readonly cluster: string;
  readonly node: string;
  readonly id: string;
  readonly workload: string | null;
  readonly namespace: string | null;
  readonly name: string;
  readonly asked: EnforcementMode;
  readonly inForce: EnforcementMode | null;
  readonly token: string;
  readonly message: string;
  readonly since: Date;
}

export type AlarmScope = 'cluster' | 'node' | 'workload';
export interface Alarm {
  readonly cluster: string;
  readonly scope: AlarmScope;
  readonly id: string;
  readonly name: string;
  readonly namespace: string | null;
  readonly since: string;
  readonly count: number;
  readonly reasons: readonly { readonly token: string; readonly message: string }[];
  readonly places: readonly string[];
}

/** Reasons of clas-cache that are about the node, not about one of its places. */
const OF_THE_NODE = new Set(['node_silent', 'node_unpaired', 'not_acknowledged']);
const MOST_REASONS = 8;
const MOST_PLACES = 20;

const alarmKey = ({ scope, id }: Pick<Alarm, 'scope' | 'id'>): string => `${scope} ${id}`;

/** The alarms that one cluster's rows call for. */
export function alarmsOf(rows: readonly NotInForceRow[]): Alarm[] {
  return [...grouped(rows, (row) => alarmKey(causeOf(row))).values()].map(alarmOf);
}

/** Which alarms begin and which end. An open alarm that goes on is no news. */
export function alarmChanges(
  open: readonly Alarm[],
  called: readonly Alarm[],
): { readonly lost: readonly Alarm[]; readonly restored: readonly Alarm[] } {
  const [before, now] = [open, called].map((alarms) => new Set(alarms.map(alarmKey))) as [
    Set<string>,
    Set<string>,
  ];
  return {
    lost: called.filter((alarm) => !before.has(alarmKey(alarm))),
    restored: open.filter((alarm) => !now.has(alarmKey(alarm))),
  };
}

function causeOf({ token, node, workload, id }: NotInForceRow): Pick<Alarm, 'scope' | 'id'> {
  if (OF_THE_NODE.has(token) || id === node) return { scope: 'node', id: node };
  return { scope: 'workload', id: workload ?? id };
}

function alarmOf(rows: readonly [NotInForceRow, ...NotInForceRow[]]): Alarm {
  const [first] = rows;
  const cause = causeOf(first);
  const reasons = new Map(rows.map(({ token, message }) => [token, { token, message }]));
  return {
    cluster: first.cluster,
    ...cause,
    name: cause.scope === 'node' ? first.node : first.name,
    namespace: cause.scope === 'node' ? null : first.namespace,
    since: new Date(Math.min(...rows.map(({ since }) => since.getTime()))).toISOString(),
    count: rows.length,
    reasons: [...reasons.values()].slice(0, MOST_REASONS),
    places: rows.slice(0, MOST_PLACES).map(placeName),
  };
}

export const placeName = ({ namespace, name, node }: NotInForceRow): string =>
  namespace === null ? name : `${namespace}/${name} on ${node}`;
