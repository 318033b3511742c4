/** `rule_search`: rules of the draft or of what is active by what they name, each kind in a list of its own. */
import { RuleSearch } from '@ringfence/contracts';
import type { ActorBody, ResourceRequest, SearchActor } from '@ringfence/contracts';
import { invalid, parsed } from '@ringfence/resources';
import { coversServices, namesAll } from '../../domain/rule-search.js';
import type { Resolving } from '../../domain/rule-search.js';
import { actorsOf, serviceRefsOf } from '../../objects/sides.js';
import type { Body } from '../../objects/view.js';
import { contains } from '../../objects/wanted.js';
import type { ResourceContext } from './resource-context.js';
import { RULE_TYPES, rulesShown } from './rule-bodies.js';
import type { ShownRule } from './rule-bodies.js';

export async function searchRules(context: ResourceContext, request: ResourceRequest): Promise<Body> {
  const search = parsed(RuleSearch, request.body);
  const { pversion } = request;
  if (pversion !== 'draft' && pversion !== 'active')
    throw invalid('only the draft and the active policy can be searched');
  const book = await context.book.current();
  const resolving: Resolving | null =
    search.resolve_actors === true ? { book, form: pversion, facts: context.facts } : null;
  const shown = [...rulesShown({ pversion, book, facts: context.facts })];
  const found = shown.filter(matcherOf(search, resolving));
  const types = search.rule_types ?? RULE_TYPES;
  const most = search.max_results ?? undefined;
  const lists = RULE_TYPES.map((type) => [
    type,
    types.includes(type)
      ? found
          .filter((rule) => rule.type === type)
          .slice(0, most)
          .map(({ body }) => body)
      : [],
  ]);
  const counts = types.map((type) => {
    const of = (rules: readonly ShownRule[]): number => rules.filter((rule) => rule.type === type).length;
    return [type, { matched: of(found), total: of(shown) }];
  });
  return { ...(Object.fromEntries(lists) as Body), counts: Object.fromEntries(counts) as Body };
}

/** Fields that a rule shows as they are searched for. */
const FLAGS = [
  'enabled',
  'sec_connect',
  'machine_auth',
  'stateless',
  'unscoped_consumers',
  'update_type',
] as const;

function matcherOf(search: RuleSearch, resolving: Resolving | null): (rule: ShownRule) => boolean {
  const [providers, consumers] = [
    wanted(search.providers, 'providers'),
    wanted(search.consumers, 'consumers'),
  ];
  const either = wanted(search.providers_or_consumers, 'providers_or_consumers');
  const services = serviceRefsOf(search.ingress_services ?? []);
  const flags = FLAGS.filter((flag) => search[flag] !== undefined && search[flag] !== null);
  const namesSides = ({ rule }: ShownRule): boolean =>
    'providers' in rule
      ? namesAll(rule.providers, providers, resolving) &&
        namesAll(rule.consumers, consumers, resolving) &&
        either.every((actor) =>
          [rule.providers, rule.consumers].some((side) => namesAll(side, [actor], resolving)),
        ) &&
        coversServices(rule.services, services)
      : // What iptables rules are for has one side, and no services.
        namesAll(rule.actors, [...providers, ...consumers, ...either], resolving) && services.length === 0;
  return (shown) =>
    flags.every((flag) => shown.body[flag] === search[flag]) &&
    contains(shown.rule.description, search.description ?? '') &&
    (search.consuming_security_principals ?? []).length === 0 &&
    namesSides(shown);
}

const wanted = (actors: readonly SearchActor[] | null | undefined, field: string) =>
  actorsOf(
    (actors ?? []).map(
      ({ container_workload: container, kubernetes_workload: kubernetes, ...actor }): ActorBody => {
        const workload = container ?? kubernetes;
        return workload === undefined ? actor : { workload };
      },
    ),
    field,
  );
