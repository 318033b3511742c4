/**
 * Which rules there are for a connection (`policy_check`, `allow`) and for many (`rule_coverage`), in the draft or in what is active:
 * by labels alone, without addresses of Pods and ClusterIPs.
 */
import { RuleCoverage } from '@ringfence/contracts';
import type { CoverageEnd, PortRange, ResourceRequest } from '@ringfence/contracts';
import { canonicalAddress, cidrsOf, formatAddress, parseCidr } from '@ringfence/policy-engine';
import { labelSetId } from '@ringfence/labels';
import { invalid, notFound, parsed } from '@ringfence/resources';
import type { EntityFact } from '../../domain/facts.js';
import { addressEnd, entityEnd } from '../../domain/judged-by-labels.js';
import type { End, StandingOf } from '../../domain/judged-by-labels.js';
import { entryOf, policyObjects } from '../../domain/policy-book.js';
import type { Form } from '../../domain/policy-book.js';
import { packetsOf, rulesBetween } from '../../domain/rules-between.js';
import type { OnPorts } from '../../domain/rules-between.js';
import { idOf } from '../../objects/hrefs.js';
import type { Body, View } from '../../objects/view.js';
import { wantedNumber } from '../../objects/wanted.js';
import type { ResourceContext } from './resource-context.js';
import { rulesShown } from './rule-bodies.js';
import type { RuleType } from './rule-bodies.js';

type Query = ResourceRequest['query'];

/** One form of policy, and what stands by it. */
interface Checked {
  readonly view: View & { readonly pversion: Form };
  readonly standing: StandingOf;
}

async function checkedPolicy(context: ResourceContext, { pversion }: ResourceRequest): Promise<Checked> {
  if (pversion !== 'draft' && pversion !== 'active')
    throw invalid(
      'only the draft and the active policy can be asked: /sec_policy/draft or /sec_policy/active',
    );
  const book = await context.book.current();
  const standings = context.preview().with(policyObjects(book, pversion));
  return { view: { pversion, book, facts: context.facts }, standing: (cluster) => standings.get(cluster) };
}

/** `sec_rules`, `deny_rules` and `override_deny_rules` that speak about the connection. */
export async function policyCheck(context: ResourceContext, request: ResourceRequest): Promise<Body> {
  const checked = await checkedPolicy(context, request);
  const found = foundRules(checked, request.query);
  const of = (wanted: RuleType): Body[] =>
    found.filter(({ type }) => type === wanted).map(({ body }) => body);
  return {
    sec_rules: of('sec_rules'),
    deny_rules: of('deny_rules'),
    override_deny_rules: of('override_deny_rules'),
  };
}

export async function allowing(context: ResourceContext, request: ResourceRequest): Promise<Body[]> {
  const checked = await checkedPolicy(context, request);
  return foundRules(checked, request.query)
    .filter(({ type }) => type === 'sec_rules')
    .map(({ body }) => body);
}

function foundRules({ view, standing }: Checked, query: Query): { type: RuleType; body: Body }[] {
  const ends = { from: endOf(query, 'src', view), to: endOf(query, 'dst', view) };
  const refs = new Set(rulesBetween(ends, packetsAsked(query, view), standing));
  return [...rulesShown(view)].filter(({ ref }) => refs.has(ref));
}

const WORKLOADS = ['workload', 'container_workload', 'kubernetes_workload'];

function endOf(query: Query, side: 'src' | 'dst', { facts }: View): End {
  const address = query[`${side}_external_ip`];
  const href = WORKLOADS.map((word) => query[`${side}_${word}`]).find((text) => text !== undefined);
  if ((address === undefined) === (href === undefined))
    throw invalid(
      `${side}: give one of ${side}_external_ip, ${WORKLOADS.map((w) => `${side}_${w}`).join(', ')}`,
    );
  if (href !== undefined) return entityEnd(entityOf(href, `${side}_workload`, facts.entities));
  const canonical = canonicalAddress(address!);
  if (canonical === null) throw invalid(`${side}_external_ip: "${address!.slice(0, 60)}" is no address`);
  return addressEnd(canonical);
}

function entityOf(href: string, field: string, entities: ReadonlyMap<string, EntityFact>): EntityFact {
  const entity = entities.get(idOf(href, 'workloads', field));
  if (entity === undefined) throw notFound(`workload ${href}`);
  return entity;
}

function packetsAsked(query: Query, view: View): OnPorts[] {
  const { service, port, protocol } = query;
  if (service !== undefined) return portsOf(service, view).flatMap(packetsOf);
  if (protocol === undefined) throw invalid('protocol: give service, or protocol and port');
  const proto = wantedNumber('protocol', protocol);
  return packetsOf({ proto, ...(port !== undefined && { from: wantedNumber('port', port) }) });
}

function portsOf(service: string, { book, pversion }: View): readonly PortRange[] {
  const entry = entryOf(book, 'services', idOf(service, 'services', 'service'));
  const object = pversion === 'draft' ? entry?.draft : entry?.active;
  if (!object) throw notFound(`service ${service}`);
  return object.ports;
}

/** More would be more pairs than anybody reads. */
const MOST_OF_A_SIDE = 200;

/** For each pair and each of its services the rules, as places in a list of hrefs. */
export async function ruleCoverage(context: ResourceContext, request: ResourceRequest): Promise<Body> {
  const pairs = parsed(RuleCoverage, request.body);
  const { view, standing } = await checkedPolicy(context, request);
  const shown = new Map([...rulesShown(view)].map((rule) => [rule.ref, rule]));
  const lists = { sec_rules: new Places(), deny_rules: new Places(), override_deny_rules: new Places() };
  const edges = {
    sec_rules: [] as string[][][],
    deny_rules: [] as string[][][],
    override_deny_rules: [] as string[][][],
  };
  for (const { source, destination, services } of pairs) {
    const froms = endsOf(source, 'source', view);
    const tos = endsOf(destination, 'destination', view);
    const refs = services.map(({ port, protocol }) => {
      const packets = packetsOf({ proto: protocol, ...(typeof port === 'number' && { from: port }) });
      return forAll(froms, tos, (ends) => rulesBetween(ends, packets, standing));
    });
    for (const type of Object.keys(lists) as (keyof typeof lists)[])
      edges[type].push(refs.map((each) => each.flatMap((ref) => placed(shown.get(ref), type, lists[type]))));
  }
  return {
    rules: lists.sec_rules.hrefs(),
    edges: edges.sec_rules,
    deny_rules: lists.deny_rules.hrefs(),
    deny_edges: edges.deny_rules,
    override_deny_rules: lists.override_deny_rules.hrefs(),
    override_deny_edges: edges.override_deny_rules,
  };
}

const placed = (
  rule: { readonly type: RuleType; readonly body: Body } | undefined,
  type: RuleType,
  places: Places,
): string[] => (rule?.type === type ? [places.of(String(rule.body['href']))] : []);

function forAll(
  froms: readonly End[],
  tos: readonly End[],
  rules: (ends: { from: End; to: End }) => string[],
): string[] {
  const found = froms.flatMap((from) => tos.map((to) => new Set(rules({ from, to }))));
  const [first = new Set<string>(), ...others] = found;
  return [...first].filter((ref) => others.every((refs) => refs.has(ref)));
}

/** Whom an end means: of those with the same labels one is enough. */
function endsOf(end: CoverageEnd, field: string, view: View): End[] {
  const { facts } = view;
  if (end.ip_list !== undefined) return edgesOf(end.ip_list.href, field, view);
  const named = end.workload ?? end.container_workload ?? end.kubernetes_workload;
  if (named !== undefined) return [entityEnd(entityOf(named.href, field, facts.entities))];
  const labels = (end.labels ?? []).map((label) => idOf(label.href, 'labels', field));
  const meant = new Map<string, EntityFact>();
  for (const entity of facts.entities.values())
    if (labels.every((label) => entity.labels.includes(label))) meant.set(labelSetId(entity), entity);
  if (meant.size > MOST_OF_A_SIDE)
    throw invalid(`${field}: means more than ${MOST_OF_A_SIDE} kinds of workloads`);
  return [...meant.values()].map(entityEnd);
}

/** The ends of its blocks: a rule that speaks about both speaks about what is between, as its own blocks are whole. */
function edgesOf(href: string, field: string, { book, pversion }: View): End[] {
  const entry = entryOf(book, 'ip_lists', idOf(href, 'ip_lists', field));
  const list = pversion === 'draft' ? entry?.draft : entry?.active;
  if (!list) throw notFound(`IP list ${href}`);
  const blocks = cidrsOf(list.ranges).flatMap((cidr) => parseCidr(cidr) ?? []);
  if (blocks.length > MOST_OF_A_SIDE) throw invalid(`${field}: has more than ${MOST_OF_A_SIDE} ranges`);
  return blocks.flatMap(({ version, first, last }) =>
    [first, last].map((value) => addressEnd(formatAddress({ version, value }))),
  );
}

class Places {
  private readonly byHref = new Map<string, string>();

  of(href: string): string {
    const place = this.byHref.get(href) ?? String(this.byHref.size);
    this.byHref.set(href, place);
    return place;
  }

  hrefs(): Record<string, string> {
    return Object.fromEntries([...this.byHref].map(([href, place]) => [place, href]));
  }
}
