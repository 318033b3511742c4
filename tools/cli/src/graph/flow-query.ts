/** Flows of a while, by the API's own way: query, wait, download; and the names of the rules that they name. */
import type { Flow, FlowQueryObject } from '@ringfence/contracts';
import type { Terminal } from '../commands/terminal.js';
import { refused, usage } from '../failure.js';
import { namespaceOf, ruleRef } from './flow-words.js';
import type { RuleNames } from './flow-words.js';

export interface FlowChoice {
  readonly since: string;
  readonly verdict?: string;
  readonly namespace?: string;
}
interface RuleBody {
  readonly href: string;
  readonly description?: string | null;
}
interface RuleSetBody {
  readonly name: string;
  readonly rules: readonly RuleBody[];
  readonly deny_rules: readonly RuleBody[];
}

/** Most queries are done at once. */
const FIRST_POLL_MS = 15;
const LONGEST_POLL_MS = 500;
const QUERY_WITHIN_MS = 60_000;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The newest first. */
export async function flowsOf(terminal: Terminal, choice: FlowChoice, most: number): Promise<Flow[]> {
  const anyone = { include: [[]], exclude: [] };
  const query = await terminal.api.post<FlowQueryObject>('/traffic_flows/async_queries', {
    query_name: 'ringfence flows',
    start_date: sinceInstant(choice.since, Date.now()),
    sources: anyone,
    destinations: anyone,
    services: { include: [], exclude: [] },
    policy_decisions: choice.verdict === undefined ? [] : [choice.verdict],
    max_results: most,
  });
  await completed(terminal, query.href);
  const flows = await terminal.api.get<Flow[]>(`${query.href}/download`);
  await terminal.api.remove(query.href);
  return flows.filter((flow) => concerns(flow, choice));
}

async function completed({ api, signal }: Terminal, href: string): Promise<void> {
  const deadline = Date.now() + QUERY_WITHIN_MS;
  for (
    let pauseMs = FIRST_POLL_MS;
    Date.now() < deadline && !signal.aborted;
    pauseMs = Math.min(pauseMs * 2, LONGEST_POLL_MS)
  ) {
    const { status, result } = await api.get<{ status: string; result?: { message?: string } }>(href);
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled')
      throw refused(`The query ${status}: ${result?.message ?? 'no reason given'}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw refused('The query took too long; ask for a shorter time with --since.');
}

/** A namespace is no filter of the API. */
export function concerns(
  flow: Flow,
  { verdict, namespace }: Pick<FlowChoice, 'verdict' | 'namespace'>,
): boolean {
  const namespaces = [flow.src, flow.dst].flatMap((end) => [namespaceOf(end), end.service?.namespace]);
  return (
    (verdict === undefined || flow.policy_decision === verdict) &&
    (namespace === undefined || namespaces.includes(namespace))
  );
}

/** As `explain` names them; asked for only where a flow names a rule. */
export async function ruleNamesFor({ api }: Terminal, flows: readonly Flow[]): Promise<RuleNames> {
  const named = flows.some(
    ({ rules, enforcement_boundaries: denied, override_deny_rules: overridden }) =>
      denied.length + overridden.length > 0 || rules.some((rule) => 'href' in rule),
  );
  return named ? allRuleNames(api) : new Map();
}

export async function allRuleNames(api: Terminal['api']): Promise<RuleNames> {
  const [ruleSets, boundaries] = await Promise.all([
    api.all<RuleSetBody>('/sec_policy/active/rule_sets'),
    api.all<{ href: string; name: string }>('/sec_policy/active/enforcement_boundaries'),
  ]);
  return new Map([
    ...ruleSets.flatMap(({ name, rules, deny_rules: denyRules }) => [
      ...rules.map((rule) => named(name, rule, 'rule')),
      ...denyRules.map((rule) => named(name, rule, 'deny rule')),
    ]),
    ...boundaries.map(({ href, name }) => [ruleRef(href), name] as const),
  ]);
}

const named = (set: string, { href, description }: RuleBody, kind: string): readonly [string, string] => [
  ruleRef(href),
  `${set} / ${description || `${kind} ${href.slice(href.lastIndexOf('/') + 1)}`}`,
];

export function sinceInstant(text: string, nowMs: number, option = '--since'): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return new Date(nowMs - Number(count) * (UNITS[unit] ?? 0)).toISOString();
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw usage(`${option}: "${text}" is no time; write 30s, 15m, 2h, 7d, or 2026-01-31T12:00:00Z`);
}
