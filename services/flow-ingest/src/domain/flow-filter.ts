/**
 * A query's conditions as a tree that the SQL writer prints: what must hold of the source end, the destination end, the service and
 * the verdict. Pure: hrefs become ids, label groups become their labels, labels of one type are ORed.
 */
import type { FlowQuery, FlowQueryItem, IpRange } from '@ringfence/contracts';
import { VERDICT_RANK } from './flow-rows.calculator.js';

export type EndCondition =
  | { readonly kind: 'any-label'; readonly labels: readonly string[] }
  | { readonly kind: 'workload'; readonly ids: readonly string[] }
  | { readonly kind: 'workloads' }
  | { readonly kind: 'ranges'; readonly ranges: readonly IpRange[]; readonly workloadsToo: boolean }
  | { readonly kind: 'address'; readonly addresses: readonly string[] }
  | { readonly kind: 'transmission'; readonly classes: readonly string[] }
  | { readonly kind: 'nothing' };

export interface SideFilter {
  /** OR of ANDs; empty = anything. */
  readonly include: readonly (readonly EndCondition[])[];
  readonly exclude: readonly EndCondition[];
}
export interface PortFilter {
  readonly proto: number | null;
  readonly from: number | null;
  readonly to: number | null;
}
export interface FlowFilter {
  readonly since: string | null;
  readonly until: string | null;
  readonly source: SideFilter;
  readonly destination: SideFilter;
  readonly eitherSide: boolean;
  readonly services: { readonly include: readonly PortFilter[]; readonly exclude: readonly PortFilter[] };
  readonly verdicts: readonly number[];
  readonly boundary: readonly string[];
  /** Agents report as servers do: a query for other sources of data finds none of their flows. */
  readonly nothing: boolean;
  /** Those that somebody uploaded; the word for them is `flowlink`. */
  readonly uploadsToo: boolean;
  readonly limit: number;
}

/** What a filter needs to know of others' objects. */
export interface FilterNames {
  labelKey(id: string): string | undefined;
  groupLabels(id: string): readonly string[];
  ipRanges(id: string): readonly IpRange[];
}

const lastSegment = (href: string): string => href.slice(href.lastIndexOf('/') + 1);

export function flowFilter(query: FlowQuery, names: FilterNames): FlowFilter {
  const workloadsToo = !query.exclude_workloads_from_ip_list_query;
  const side = (given: FlowQuery['sources']): SideFilter => ({
    include: isAnything(given.include)
      ? []
      : given.include.map((items) => conditions(items, names, workloadsToo)),
    exclude: given.exclude.flatMap((item) => conditions([item], names, workloadsToo)),
  });
  const { include: wanted = [], exclude: unwanted = [] } = query.data_sources ?? {};
  const isFrom = (source: (typeof wanted)[number]): boolean =>
    !unwanted.includes(source) && (wanted.length === 0 || wanted.includes(source));
  return {
    since: query.start_date ?? null,
    until: query.end_date ?? null,
    source: side(query.sources),
    destination: side(query.destinations),
    eitherSide: query.sources_destinations_query_op === 'or',
    services: {
      include: query.services.include.map(portFilter),
      exclude: query.services.exclude.map(portFilter),
    },
    verdicts: query.policy_decisions.map((decision) => VERDICT_RANK[decision]),
    boundary: query.boundary_decisions,
    nothing: !isFrom('server'),
    uploadsToo: isFrom('flowlink'),
    limit: query.max_results,
  };
}

function isAnything(include: readonly (readonly unknown[])[]): boolean {
  return include.length === 0 || include.some((items) => items.length === 0);
}

/** One AND-list. Labels of one type, and several workloads, lists or addresses, are alternatives of each other. */
function conditions(
  items: readonly FlowQueryItem[],
  names: FilterNames,
  workloadsToo: boolean,
): EndCondition[] {
  const given = <T>(pick: (item: FlowQueryItem) => T | undefined): T[] =>
    items.map(pick).filter((value) => value !== undefined);
  const workloads = given((item) => item.workload).map(({ href }) => lastSegment(href));
  const lists = given((item) => item.ip_list).map(({ href }) => lastSegment(href));
  const addresses = given((item) => item.ip_address);
  const classes = given((item) => item.transmission);
  const some = (list: readonly unknown[], condition: EndCondition): EndCondition[] =>
    list.length === 0 ? [] : [condition];
  return [
    ...labelConditions(items, names),
    ...some(workloads, { kind: 'workload', ids: workloads }),
    ...some(lists, { kind: 'ranges', ranges: lists.flatMap((id) => names.ipRanges(id)), workloadsToo }),
    ...some(addresses, { kind: 'address', addresses }),
    ...some(classes, { kind: 'transmission', classes }),
    ...some(
      given((item) => item.actors),
      { kind: 'workloads' },
    ),
    // No name of an outside end is known: a query for one finds nothing.
    ...some(
      given((item) => item.fqdn),
      { kind: 'nothing' },
    ),
  ];
}

function labelConditions(items: readonly FlowQueryItem[], names: FilterNames): EndCondition[] {
  const byKey = new Map<string, string[]>();
  for (const item of items) {
    if (item.label !== undefined || item.label_group !== undefined) addLabels(byKey, item, names);
  }
  return [...byKey.values()].map((labels) => ({ kind: 'any-label', labels }));
}

/** An unknown label or an empty group still is a condition: it matches nobody, it does not vanish. */
function addLabels(byKey: Map<string, string[]>, item: FlowQueryItem, names: FilterNames): void {
  const href = item.label?.href ?? item.label_group?.href ?? '';
  const isGroup = /\/label_groups\//.test(href);
  const id = lastSegment(href);
  const ids = isGroup ? names.groupLabels(id) : [id];
  const key = (ids[0] === undefined ? undefined : names.labelKey(ids[0])) ?? `unknown:${id}`;
  byKey.set(key, [...(byKey.get(key) ?? []), ...ids]);
}

function portFilter(item: FlowQuery['services']['include'][number]): PortFilter {
  const proto = item.proto === undefined || item.proto === -1 ? null : item.proto;
  return { proto, from: item.port ?? null, to: item.to_port ?? item.port ?? null };
}
