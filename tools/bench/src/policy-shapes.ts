/** The worlds that the policy benchmark computes. */
import type { Endpoint, LabelCatalogue, LabelSet, Rule, RuleActor, RuleSet } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';

export const CLUSTER = '11111111-1111-4111-8111-111111111111';

export interface Shape {
  readonly catalogue: Pick<LabelCatalogue, 'types' | 'labels'>;
  readonly labelSets: readonly LabelSet[];
  readonly ruleSets: readonly RuleSet[];
  readonly endpoints: readonly Endpoint[];
}

const label = (id: string): RuleActor & { kind: 'label' } => ({ kind: 'label', id, exclusion: false });
const pods = (namespace: string, ...labels: string[]): LabelSet =>
  makeLabelSet({ cluster: CLUSTER, namespace, class: 'pod', labels });

export function allow(id: number, provider: RuleActor, consumer: RuleActor, port: number): Rule {
  return {
    id: String(id),
    enabled: true,
    description: '',
    providers: [provider],
    consumers: [consumer],
    services: [{ kind: 'ports', ports: { proto: 6, from: port } }],
    unscopedConsumers: false,
    resolveProvidersAs: ['workloads'],
    resolveConsumersAs: ['workloads'],
  };
}

const ruleSet = (id: number, scope: string, rules: Rule[]): RuleSet => ({
  id: String(id),
  name: `rule set ${id}`,
  description: '',
  enabled: true,
  scopes: [[label(scope)]],
  rules,
  denyRules: [],
});

function spread(labelSets: readonly LabelSet[], count: number): Endpoint[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `pod-${i}`,
    workload: null,
    labelSet: labelSets[i % labelSets.length]!.id,
    class: 'pod' as const,
    addresses: [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`],
    node: `node-${i % 1000}`,
  }));
}

/** 10,000 Pods in 500 label sets (50 applications × 10 roles) with 1,000 rules (20 in each application's rule set). */
export function applications(): Shape {
  const roles = Array.from({ length: 10 }, (_, i) => ({
    id: String(i + 1),
    key: 'role',
    value: `role-${i}`,
  }));
  const apps = Array.from({ length: 50 }, (_, i) => ({ id: String(i + 101), key: 'app', value: `app-${i}` }));
  const labelSets = apps.flatMap((app) => roles.map((role) => pods(app.value, role.id, app.id)));
  const ruleSets = apps.map((app, i) =>
    ruleSet(
      i + 1,
      app.id,
      Array.from({ length: 20 }, (_, rule) => {
        const [provider, consumer] = [rule % 10, (rule * 3 + 1) % 10];
        return allow(rule + 1, label(roles[provider]!.id), label(roles[consumer]!.id), 8000 + rule);
      }),
    ),
  );
  return {
    catalogue: { types: ['role', 'app'], labels: [...roles, ...apps] },
    labelSets,
    ruleSets,
    endpoints: spread(labelSets, 10_000),
  };
}

/**
 * The shape of Calico's benchmark of tag policies: endpoints in 100 namespaces, each with five labels that count on and one of
 * 29 markers, so that each is a label set of its own; 10,000 policies for a marker, each admitting five others.
 */
export function wide(endpoints = 250_000, policies = 10_000): Shape {
  const counting = [10, 11, 20, 30, 40];
  const markers = Array.from({ length: 29 }, (_, i) => ({ id: `${i + 1}`, key: 'marker', value: `${i}` }));
  const counts = counting.flatMap((every) =>
    Array.from({ length: every }, (_, i) => ({
      id: `${every}${i + 1_000}`,
      key: `in-${every}`,
      value: `${i}`,
    })),
  );
  const labelSets = Array.from({ length: endpoints }, (_, n) => {
    const counted = counting.map((every) => `${every}${(n % every) + 1_000}`);
    return pods(`ns-${n % 100}-${Math.floor(n / 100)}`, `${(n % 29) + 1}`, ...counted);
  });
  const marker = (i: number) => label(markers[i % 29]!.id);
  const ruleSets = Array.from({ length: policies }, (_, i) =>
    ruleSet(
      i + 1,
      markers[i % 29]!.id,
      [1, 2, 3, 4, 5].map((rule) => ({
        ...allow(rule, marker(i), marker(i + rule), 8_000 + rule),
        unscopedConsumers: true,
      })),
    ),
  );
  return {
    catalogue: {
      types: ['marker', ...counting.map((every) => `in-${every}`)],
      labels: [...markers, ...counts],
    },
    labelSets,
    ruleSets,
    endpoints: spread(labelSets, endpoints),
  };
}

/**
 * The shape that Antrea calls SmallNamespaces: 25,000 namespaces × (4 Pods in two pairs, 3 rules): each pair admits
 * itself, and one rule that admits nobody stands for their deny-all, which is our mode `full`.
 */
export function smallNamespaces(namespaces = 25_000): Shape {
  const pairs = ['1', '2'].map((id) => ({ id, key: 'role', value: `pair-${id}` }));
  const apps = Array.from({ length: namespaces }, (_, i) => ({
    id: String(i + 101),
    key: 'app',
    value: `ns-${i}`,
  }));
  const labelSets = apps.flatMap((app) => pairs.map((pair) => pods(app.value, pair.id, app.id)));
  const nobody: RuleActor = { kind: 'ip_list', id: '1' };
  const ruleSets = apps.map((app, i) =>
    ruleSet(i + 1, app.id, [
      allow(1, { kind: 'ams' }, nobody, 1),
      ...pairs.map((pair, rule) => allow(rule + 2, label(pair.id), label(pair.id), 8080)),
    ]),
  );
  return {
    catalogue: { types: ['role', 'app'], labels: [...pairs, ...apps] },
    labelSets,
    ruleSets,
    endpoints: spread(labelSets, namespaces * 4),
  };
}
