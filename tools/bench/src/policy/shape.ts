/** What the worlds of the policy benchmark are made of. */
import { makeLabelSet } from '@ringfence/labels';
import type {
  Endpoint,
  EntityClass,
  IpList,
  LabelCatalogue,
  LabelSet,
  PortRange,
  Rule,
  RuleActor,
  RuleSet,
} from '@ringfence/contracts';

export const CLUSTER = '11111111-1111-4111-8111-111111111111';

export interface Shape {
  readonly catalogue: Pick<LabelCatalogue, 'types' | 'labels'>;
  readonly labelSets: readonly LabelSet[];
  readonly ruleSets: readonly RuleSet[];
  readonly ipLists: readonly IpList[];
  readonly endpoints: readonly Endpoint[];
}

export type CatalogueLabel = LabelCatalogue['labels'][number];
export type LabelActor = RuleActor & { kind: 'label' };

export const label = ({ id }: Pick<CatalogueLabel, 'id'>): LabelActor => ({
  kind: 'label',
  id,
  exclusion: false,
});
export const AMS: RuleActor = { kind: 'ams' };

/** `count` labels of one type, their ids counting on from `first`. */
export const labels = (key: string, count: number, first: number): CatalogueLabel[] =>
  Array.from({ length: count }, (_, i) => ({ id: String(first + i), key, value: `${key}-${i}` }));

export const pods = (namespace: string, ...of: readonly Pick<CatalogueLabel, 'id'>[]): LabelSet =>
  makeLabelSet({
    cluster: CLUSTER,
    namespace,
    class: 'pod' satisfies EntityClass,
    labels: of.map(({ id }) => id),
  });

export interface Sides {
  readonly providers: readonly RuleActor[];
  readonly consumers: readonly RuleActor[];
  readonly ports: PortRange;
  /** Consumers may come from outside of the scope. */
  readonly isExtra?: boolean;
}

export const allow = (id: number, { providers, consumers, ports, isExtra = false }: Sides): Rule => ({
  id: String(id),
  enabled: true,
  description: '',
  providers: [...providers],
  consumers: [...consumers],
  services: [{ kind: 'ports', ports }],
  unscopedConsumers: isExtra,
  resolveProvidersAs: ['workloads'],
  resolveConsumersAs: ['workloads'],
});

export const tcp = (port: number): PortRange => ({ proto: 6, from: port });

export const ruleSet = (id: number, scope: readonly LabelActor[], rules: Rule[]): RuleSet => ({
  id: String(id),
  name: `rule set ${id}`,
  description: '',
  enabled: true,
  scopes: [[...scope]],
  rules,
  denyRules: [],
});

/** `count` endpoints, one after the other to the label sets in turn. */
export const spread = (labelSets: readonly LabelSet[], count: number): Endpoint[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `pod-${i}`,
    workload: null,
    labelSet: labelSets[i % labelSets.length]!.id,
    class: 'pod' as const,
    addresses: [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`],
    node: `node-${i % 1000}`,
  }));
