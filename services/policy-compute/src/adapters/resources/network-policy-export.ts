/** Rule sets of a version as NetworkPolicies of Kubernetes, with what those cannot say; nothing is stored. */
import { exportNetworkPolicies } from '@ringfence/cluster-facts';
import type { NotSaid } from '@ringfence/cluster-facts';
import { NetworkPolicyExport } from '@ringfence/contracts';
import type {
  ExportedNetworkPolicies,
  LabelId,
  PolicyObjects,
  ResourceRequest,
  RuleSet,
} from '@ringfence/contracts';
import { invalid, notFound, parsed } from '@ringfence/resources';
import { policyObjects } from '../../domain/policy-book.js';
import type { Form } from '../../domain/policy-book.js';
import type { PolicyObject } from '../../domain/policy-object.js';
import { liesInside } from '../../domain/within-scope.js';
import { idOf, memberHref, ruleHref } from '../../objects/hrefs.js';
import type { ResourceContext } from './resource-context.js';

/** One answer holds no more. */
const MOST = 5_000;

export async function answerNetworkPolicies(
  context: ResourceContext,
  request: ResourceRequest,
): Promise<ExportedNetworkPolicies> {
  const {
    rule_sets: chosen,
    namespaces,
    pod_labels: carried,
    dns,
  } = parsed(NetworkPolicyExport, request.body);
  const form = formOf(request.pversion ?? '');
  refuseTwice(
    'namespaces',
    namespaces.map(({ name }) => name),
  );
  refuseTwice(
    'rule_sets',
    (chosen ?? []).map(({ href }) => href),
  );
  const book = await context.book.current();
  const objects = policyObjects(book, form);
  const { within } = request;
  const visible = objects.rule_sets.filter(
    (one) => within === undefined || liesInside(book, 'rule_sets', one as PolicyObject, within),
  );
  const ruleSets = chosen === undefined ? visible : chosen.map(({ href }) => ruleSetOf(href, visible));
  const { labels } = context.facts;
  const exported = exportNetworkPolicies({
    ...{ objects, ruleSets, dns, carriers: new Map(Object.entries(carried)) },
    namespaces: namespaces.map(({ name, labels: given }, i) => ({
      name,
      labels: given.map(({ href }) => labelOf(href, `namespaces[${i}].labels`, context)),
    })),
    keyOf: (id) => labels.get(id)?.key,
    valueOf: (id) => labels.get(id)?.value,
  });
  if (exported === null || exported.policies.length > MOST)
    throw invalid(
      `namespaces: more than one answer holds, which is ${MOST} NetworkPolicies, or fewer that are long; ask for fewer namespaces or rule sets`,
    );
  const names = new Map(ruleSets.map(({ id, name }) => [id, name]));
  const said = [...exported.notSaid, ...processesOf(ruleSets, objects)];
  return {
    network_policies: exported.policies.map((one) => ({ ...one })),
    not_said: said.map((one) => shown(one, names, form)),
  };
}

function formOf(pversion: string): Form {
  if (pversion === 'draft' || pversion === 'active') return pversion;
  throw invalid('network_policies: ask of the draft or of the active policy');
}

function refuseTwice(field: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw invalid(`${field}: ${twice} is there twice`);
}

function ruleSetOf(href: string, visible: readonly RuleSet[]): RuleSet {
  const id = idOf(href, 'rule_sets', 'rule_sets');
  const found = visible.find((one) => one.id === id);
  if (found === undefined) throw notFound(href);
  return found;
}

function labelOf(href: string, field: string, { facts }: ResourceContext): LabelId {
  const id = idOf(href, 'labels', field);
  if (!facts.labels.has(id)) throw invalid(`${field}: there is no label ${href}`);
  return id;
}

/** Services of programs mean their ports here, as everywhere. */
function processesOf(ruleSets: readonly RuleSet[], { services }: PolicyObjects): NotSaid[] {
  const named = new Map(
    services.flatMap((one) => {
      const process = (one as { readonly extras?: Readonly<Record<string, unknown>> }).extras?.[
        'process_name'
      ];
      return typeof process === 'string' && process !== '' ? [[one.id, process] as const] : [];
    }),
  );
  return ruleSets.flatMap(({ id: ruleSet, rules }) =>
    rules.flatMap((rule) =>
      rule.services.flatMap((one) => {
        const process = one.kind === 'service' && rule.enabled ? named.get(one.id) : undefined;
        if (process === undefined) return [];
        const what = `only ports, whichever program answers there: ${process}`;
        return [
          { ruleSet, rule: { kind: 'sec_rules' as const, id: rule.id }, token: 'process_not_said', what },
        ];
      }),
    ),
  );
}

function shown(
  { ruleSet, rule, token, what }: NotSaid,
  names: ReadonlyMap<string, string>,
  form: Form,
): ExportedNetworkPolicies['not_said'][number] {
  return {
    rule_set: {
      href: memberHref({ type: 'rule_sets', id: ruleSet }, form),
      name: names.get(ruleSet) ?? '',
    },
    rule: rule === null ? null : { href: ruleHref(ruleSet, rule.kind, rule.id, form) },
    ...{ token, message: what },
  };
}
