/** A town that is always the same, for sentences about policy: who gets through to whom, as the engine and as the words have it. */
import type {
  EnforcementBoundary,
  EnforcementMode,
  Endpoint,
  IpRange,
  LabelSet,
  PolicyObjects,
  PortRange,
  Rule,
  RuleActor,
  RuleSet,
  ScopeEntry,
} from '@ringfence/contracts';
import { GLOBAL } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { evaluate } from '../evaluate.js';
import { CLUSTER } from './arbitrary-world.js';
import { verdictByWords } from './naive-policy.js';
import { computePolicy, hostAddressesOf, inCluster, membersOf } from './world.js';
import type { ServiceInWorld, World } from './world.js';

const VALUES = ['role:web', 'role:db', 'role:node', 'app:shop', 'app:bank', 'env:prod', 'env:dev'] as const;
type LabelText = (typeof VALUES)[number];
export const labelId = (text: string): string => String(VALUES.indexOf(text as LabelText) + 1);
const LABELS = VALUES.map((text) => {
  const [key = '', value = ''] = text.split(':');
  return { id: labelId(text), key, value };
});

interface Inhabitant {
  readonly class: LabelSet['class'];
  readonly labels: readonly LabelText[];
  readonly address: string;
  /** Of a Pod. */
  readonly node?: string;
}
export const INHABITANTS: Readonly<Record<string, Inhabitant>> = {
  web: { class: 'pod', labels: ['role:web', 'app:shop', 'env:prod'], address: '10.0.0.1', node: 'node-1' },
  trial: { class: 'pod', labels: ['role:web', 'app:shop', 'env:dev'], address: '10.0.0.2', node: 'node-2' },
  db: { class: 'pod', labels: ['role:db', 'app:shop', 'env:prod'], address: '10.0.0.3', node: 'node-1' },
  teller: { class: 'pod', labels: ['role:web', 'app:bank', 'env:prod'], address: '10.0.0.4', node: 'node-2' },
  bare: { class: 'pod', labels: [], address: '10.0.0.5', node: 'node-2' },
  'node-1': { class: 'node', labels: ['role:node'], address: '192.0.2.1' },
  'node-2': { class: 'node', labels: ['role:node'], address: '192.0.2.2' },
  host: { class: 'unmanaged', labels: ['role:db', 'app:bank', 'env:prod'], address: '198.51.100.7' },
};
export const STRANGER = '203.0.113.9';
const PORT = 80;

/** `role:web`, `-role:web` (all except), `group:g`, `ams`, `container_host`, `workload:web`, `list:1`, `service:v`. */
export function actor(text: string): RuleActor {
  if (text === 'ams' || text === 'container_host') return { kind: text };
  const exclusion = text.startsWith('-');
  const name = exclusion ? text.slice(1) : text;
  const id = name.slice(name.indexOf(':') + 1);
  if (name.startsWith('group:')) return { kind: 'label_group', id, exclusion };
  if (name.startsWith('workload:')) return { kind: 'workload', id };
  if (name.startsWith('list:')) return { kind: 'ip_list', id };
  if (name.startsWith('service:')) return { kind: 'virtual_service', id };
  return { kind: 'label', id: labelId(name) === '0' ? '99' : labelId(name), exclusion };
}
const actors = (text: string): RuleActor[] => text.split(' ').map(actor);

export const scope = (text: string): ScopeEntry[] => (text === '' ? [] : (actors(text) as ScopeEntry[]));

interface Said extends Partial<Omit<Rule, 'providers' | 'consumers'>> {
  readonly ports?: PortRange[];
}
const PLAIN = { description: '', enabled: true };

function sides(consumers: string, providers: string, { ports = [{ proto: 6, from: PORT }] }: Said) {
  return {
    providers: actors(providers),
    consumers: actors(consumers),
    services: ports.map((range) => ({ kind: 'ports' as const, ports: range })),
  };
}

let next = 1;
/** Who may come to whom. */
export function allow(consumers: string, providers: string, over: Said = {}): Rule {
  const { ports: _, ...rest } = over;
  const id = String(next++);
  const as = { resolveProvidersAs: ['workloads'], resolveConsumersAs: ['workloads'] } satisfies Partial<Rule>;
  return { id, ...PLAIN, ...sides(consumers, providers, over), unscopedConsumers: false, ...as, ...rest };
}

export function deny(consumers: string, providers: string, over: Said & { override?: boolean } = {}) {
  const { ports: _, override = false, enabled = true, unscopedConsumers = false } = over;
  const id = String(next++);
  return { id, ...PLAIN, enabled, ...sides(consumers, providers, over), unscopedConsumers, override };
}

export function boundary(consumers: string, providers: string, over: Said = {}): EnforcementBoundary {
  return { id: String(next++), name: '', enabled: true, ...sides(consumers, providers, over), ...over };
}

export function rules(
  scopes: readonly string[],
  ...said: readonly (Rule | ReturnType<typeof deny>)[]
): RuleSet {
  const isAllow = (one: (typeof said)[number]): one is Rule => 'resolveProvidersAs' in one;
  return {
    id: String(next++),
    name: '',
    ...PLAIN,
    scopes: scopes.map(scope),
    rules: said.filter(isAllow),
    denyRules: said.filter((one) => !isAllow(one)) as ReturnType<typeof deny>[],
  };
}

export const ranges = (...texts: readonly string[]): IpRange[] =>
  texts.map((text) => {
    const exclusion = text.startsWith('-');
    const [from = '', to = null] = (exclusion ? text.slice(1) : text).split('..');
    return { from, to, exclusion, description: '' };
  });
export const ipList = (id: string, ...texts: readonly string[]): PolicyObjects['ip_lists'][number] => ({
  id,
  name: '',
  description: '',
  ranges: ranges(...texts),
  fqdns: [],
});
export const labelGroup = (id: string, labels: string, subGroups: readonly string[] = []) => ({
  id,
  name: '',
  description: '',
  key: labels.slice(0, labels.indexOf(':')),
  labels: labels.split(' ').map(labelId),
  subGroups: [...subGroups],
});

/** A Service of the town's namespace; each port with who answers there, and where: `80 → db:5432`. */
export interface TownService {
  readonly labels: readonly LabelText[];
  readonly address: string;
  readonly ports: readonly string[];
  readonly namespace?: string;
}
export interface TownPolicy extends Partial<Omit<PolicyObjects, 'version'>> {
  readonly modes?: Readonly<Record<string, EnforcementMode>>;
  readonly withoutLabels?: readonly string[];
  readonly fronts?: readonly TownService[];
}

function serviceIn({ labels, address, ports, namespace = 'town' }: TownService): ServiceInWorld {
  const ids = labels.map(labelId);
  const read = ports.map((text) => {
    const [, port, name = '', target] = /^(\d+) → (.+):(\d+)$/.exec(text) ?? [];
    return { port: Number(port), address: INHABITANTS[name]?.address ?? name, targetPort: Number(target) };
  });
  const numbers = [...new Set(read.map(({ port }) => port))];
  return {
    labelSet: makeLabelSet({ cluster: CLUSTER, namespace, class: 'service', labels: ids }),
    clusterIps: [address],
    ports: numbers.map((port) => ({ proto: 6, port })),
    backends: read.map(({ port, ...rest }) => ({ portIndex: numbers.indexOf(port), ...rest })),
  };
}

function townWith({ modes = {}, withoutLabels = [], fronts = [], ...objects }: TownPolicy): World {
  const services = fronts.map(serviceIn);
  const labelSets = new Map<string, World['labelSets'][number]>();
  const endpoints = Object.entries(INHABITANTS).map(([name, one]): Endpoint => {
    const isHost = one.class !== 'pod';
    const labelSet = makeLabelSet({
      cluster: one.class === 'unmanaged' ? GLOBAL : CLUSTER,
      namespace: isHost ? null : 'town',
      class: one.class,
      labels: one.labels.map(labelId),
    });
    labelSets.set(labelSet.id, { labelSet, mode: modes[name] ?? 'full' });
    const node = one.class === 'node' ? name : (one.node ?? null);
    const mode = one.class === 'node' ? { mode: modes[name] ?? 'full' } : {};
    return {
      id: name,
      workload: name,
      labelSet: labelSet.id,
      class: one.class,
      addresses: [one.address],
      node,
      ...mode,
    };
  });
  return {
    cluster: CLUSTER,
    catalogue: {
      types: ['role', 'app', 'env'],
      labels: LABELS.filter(({ key, value }) => !withoutLabels.includes(`${key}:${value}`)),
    },
    objects: {
      version: 1,
      ip_lists: [],
      services: [],
      label_groups: [],
      rule_sets: [],
      enforcement_boundaries: [],
      virtual_services: [],
      service_bindings: [],
      ...objects,
    },
    labelSets: [
      ...labelSets.values(),
      ...services.map(({ labelSet }) => ({ labelSet, mode: 'full' as const })),
    ],
    services,
    workloads: new Map(endpoints.map(({ id, labelSet }) => [id, labelSet])),
    endpoints,
    strangers: [STRANGER],
  };
}

export interface OnWire {
  readonly proto: number;
  readonly port: number;
}
type End = 'source' | 'destination';
export interface Judged {
  readonly verdict: string;
  readonly rule: string | null;
}
export interface JudgedTwice {
  readonly engine: Judged | null;
  readonly words: Judged | null;
}

/** What becomes of packets in the town, by the engine and by the words; null where nobody of ours looks. */
export class Town {
  private readonly members;
  private readonly units;
  private readonly world: World;

  constructor(policy: TownPolicy) {
    this.world = townWith(policy);
    const enforced = inCluster(this.world, computePolicy(this.world));
    this.members = membersOf(this.world, enforced);
    this.units = enforced.units;
  }

  judged(end: End, from: string, to: string, packet: OnWire = { proto: 6, port: PORT }): JudgedTwice {
    const [self, peer] = end === 'source' ? [from, to] : [to, from];
    const own = this.world.endpoints.find(({ id }) => id === self);
    if (own === undefined || own.class === 'unmanaged') return { engine: null, words: null };
    const direction = end === 'source' ? 'egress' : 'ingress';
    const seen = { ...packet, peer: INHABITANTS[peer]?.address ?? peer };
    const engine = evaluate({
      unit: this.units.get(own.labelSet)!,
      mode: own.mode,
      direction,
      packet: seen,
      members: this.members,
      hostAddresses: hostAddressesOf(this.world, own),
      workload: own.workload,
    });
    const words = verdictByWords(this.world, own, direction, seen);
    return {
      engine: { verdict: engine.verdict, rule: engine.rule?.ref ?? null },
      words: { verdict: words.verdict, rule: words.ref },
    };
  }

  /** `from → to` of everybody who gets through; `by`: whom the engine asks, or the words. */
  passing(by: keyof JudgedTwice, packet?: OnWire): string[] {
    const all = [...Object.keys(INHABITANTS), STRANGER];
    const isPassed = (end: End, from: string, to: string): boolean => {
      const judged = this.judged(end, from, to, packet)[by];
      return judged === null || judged.verdict !== 'blocked';
    };
    const isOurs = (name: string): boolean => name !== STRANGER && INHABITANTS[name]!.class !== 'unmanaged';
    return all.flatMap((from) =>
      all
        .filter((to) => to !== from && (isOurs(from) || isOurs(to)))
        .filter((to) => isPassed('source', from, to) && isPassed('destination', from, to))
        .map((to) => `${from} → ${to}`),
    );
  }
}
