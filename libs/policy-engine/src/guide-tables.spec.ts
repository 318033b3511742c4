/**
 * The guide's own tables of rules, as it writes them, in a cluster as it describes: each line gives what the guide says it gives, and no line more.
 * On real kernels: e2e `guide-examples`.
 */
import type {
  Endpoint,
  IpList,
  LabelSet,
  LabelSetId,
  PolicyObjects,
  Rule,
  RuleActor,
  RuleSet,
} from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.js';
import { computePolicy, hostAddressesOf, membersOf } from './testing/index.js';
import type { World } from './testing/index.js';

const CLUSTER = '11111111-1111-4111-8111-111111111111';
/** Values of labels, by type; what they are called in the guide. */
const LABELS = {
  role: ['Worker', 'Infra', 'Kubelink', 'Web', 'Database'],
  app: ['Kubernetes Infrastructure', 'Openshift Infrastructure', 'Risk Assessment', 'ERP'],
  env: ['Development', 'Production'],
  loc: ['Cloud', 'HQ'],
} as const;
const CATALOGUE = Object.entries(LABELS).flatMap(([key, values]) =>
  values.map((value) => ({ key, value, name: value as string })),
);
const idOf = (value: string): string => String(CATALOGUE.findIndex((one) => one.name === value) + 1);

/** Names are of hosts: nobody is reached by them yet. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  'docker.io': [],
  'myregistry.example.com': [],
  'registry.access.redhat.com': [],
  'access.redhat.com': [],
  'Illumio PCE': ['192.0.2.8'],
  'Kubernetes Pod Network': ['10.200.0.0/16'],
  'OpenShift Pod Network': ['10.128.0.0/14'],
  'OpenShift Service Network': ['172.30.0.0/16'],
  'Any 0.0.0.0/0': ['0.0.0.0/0', '::/0'],
  'External Network': ['0.0.0.0/0'],
  'NFS Storage': ['192.0.2.49'],
};
const ipLists: IpList[] = Object.entries(LISTS).map(([name, cidrs], index) => ({
  id: String(index + 1),
  name,
  description: '',
  ranges: cidrs.map((from) => ({ from, to: null, exclusion: false, description: '' })),
  fqdns: cidrs.length === 0 ? [{ fqdn: name, description: '' }] : [],
}));

/** `docker.io (IP List)`, `All Workloads`, `Container Host`, `Worker`; several are divided by a comma. */
function actorsOf(words: string): RuleActor[] {
  return words.split(', ').map((word): RuleActor => {
    if (word.startsWith('All Workloads')) return { kind: 'ams' };
    if (word === 'Container Host') return { kind: 'container_host' };
    const list = ipLists.find(({ name }) => `${name} (IP List)` === word || name === word);
    if (list !== undefined) return { kind: 'ip_list', id: list.id };
    expect(Number(idOf(word)), word).toBeGreaterThan(0);
    return { kind: 'label', id: idOf(word), exclusion: false };
  });
}
/** `8443 TCP`, `TCP 80`, `All Services`. */
const servicesOf = (words: string): Rule['services'] =>
  words.split(', ').map((word) => {
    if (word === 'All Services') return { kind: 'service', id: '1' };
    const from = Number(/\d+/.exec(word)?.[0]);
    return { kind: 'ports', ports: { proto: word.includes('UDP') ? 17 : 6, from } };
  });

/** A scope as the guide writes it, and its lines: providers | services | consumers. */
function table(id: string, scope: string, intra: readonly string[], extra: readonly string[] = []): RuleSet {
  const ruleOf = (line: string, index: number): Rule => {
    const [providers = '', services = '', consumers = ''] = line.split(' | ');
    const virtual = providers.includes('(Uses Virtual Services and Workloads)');
    return {
      id: `${id}${String(index)}`,
      enabled: true,
      description: '',
      providers: actorsOf(providers),
      consumers: actorsOf(consumers),
      services: servicesOf(services),
      unscopedConsumers: index >= intra.length,
      resolveProvidersAs: virtual ? ['workloads', 'virtual_services'] : ['workloads'],
      resolveConsumersAs: ['workloads'],
    };
  };
  const labels = scope.split(' | ').filter((one) => !one.startsWith('All '));
  const entries = labels.map((one) => ({ kind: 'label' as const, id: idOf(one), exclusion: false }));
  const rules = [...intra, ...extra].map(ruleOf);
  return { id, name: scope, enabled: true, scopes: [entries], rules, denyRules: [] } as unknown as RuleSet;
}

interface Inhabitant {
  readonly labels: string;
  readonly address: string;
  readonly node?: string;
}
/** Nodes have no node. */
type People = Readonly<Record<string, Inhabitant>>;

const setOf = (id: string, { labels, node }: Inhabitant): LabelSet =>
  makeLabelSet({
    cluster: CLUSTER,
    namespace: node === undefined ? null : id,
    class: node === undefined ? 'node' : 'pod',
    labels: labels.split(' | ').map(idOf),
  });

function worldOf(people: People, ruleSets: readonly RuleSet[]): World {
  const all = Object.entries(people).map(([id, one]) => ({ id, one, labelSet: setOf(id, one) }));
  const objects: PolicyObjects = {
    version: 1,
    ip_lists: ipLists,
    services: [{ id: '1', name: 'All Services', description: '', ports: [{ proto: -1 }] }],
    label_groups: [],
    rule_sets: [...ruleSets],
    enforcement_boundaries: [],
    virtual_services: [],
    service_bindings: [],
  };
  return {
    cluster: CLUSTER,
    catalogue: {
      types: Object.keys(LABELS),
      labels: CATALOGUE.map(({ key, value }) => ({ id: idOf(value), key, value })),
    },
    objects,
    labelSets: all.map(({ labelSet }) => ({ labelSet, mode: 'full' as const })),
    workloads: new Map(all.map(({ id, labelSet }): [string, LabelSetId] => [id, labelSet.id])),
    endpoints: all.map(({ id, one: { address, node = null }, labelSet }): Endpoint => {
      const { id: set, class: kind } = labelSet;
      return { id, workload: id, labelSet: set, class: kind, addresses: [address], node };
    }),
    strangers: [],
  };
}

/** Of each `from to port[/udp]` those that pass at both ends, all of them in full. */
function passing(people: People, ruleSets: readonly RuleSet[], tries: readonly string[]): string[] {
  const world = worldOf(people, ruleSets);
  const told = computePolicy(world);
  const { units } = told;
  const members = membersOf(world, told);
  const passes = (self: string, peer: string, direction: 'egress' | 'ingress', service: string): boolean => {
    const end = world.endpoints.find(({ id }) => id === self);
    if (end === undefined) return true;
    const [port, proto] = service.split('/');
    const packet = {
      proto: proto === 'udp' ? 17 : 6,
      port: Number(port),
      peer: people[peer]?.address ?? peer,
    };
    const hostAddresses = hostAddressesOf(world, end);
    const of = { unit: units.get(end.labelSet)!, mode: 'full', workload: self } as const;
    return evaluate({ ...of, direction, packet, members, hostAddresses }).verdict === 'allowed';
  };
  return tries.filter((text) => {
    const [from = '', to = '', service = ''] = text.split(' ');
    return passes(from, to, 'egress', service) && passes(to, from, 'ingress', service);
  });
}

/** The first are what the guide says passes; nothing of the second does. */
const gives = (
  people: People,
  sets: readonly RuleSet[],
  yes: readonly string[],
  no: readonly string[],
): void => expect(passing(people, sets, [...yes, ...no])).toEqual(yes);

const OUTSIDE = '198.51.100.7';
const PCE = '192.0.2.8';
const NFS = '192.0.2.49';

const KUBERNETES = 'Kubernetes Infrastructure | Development | Cloud';
const RISK = 'Risk Assessment | Development | Cloud';
const cluster: People = {
  master: { labels: KUBERNETES, address: '172.16.0.10' },
  worker: { labels: `Worker | ${KUBERNETES}`, address: '172.16.0.11' },
  dns: { labels: KUBERNETES, address: '10.200.0.10', node: 'master' },
  kubelink: { labels: `Kubelink | ${KUBERNETES}`, address: '10.200.0.11', node: 'worker' },
  web: { labels: `Web | ${RISK}`, address: '10.200.1.1', node: 'worker' },
  database: { labels: `Database | ${RISK}`, address: '10.200.1.2', node: 'master' },
  erp: { labels: 'Web | ERP | Development | Cloud', address: '10.200.1.3', node: 'worker' },
};
const infrastructure = table(
  '1',
  KUBERNETES,
  [
    'docker.io (IP List), myregistry.example.com (IP List) | All Services | All Workloads',
    'Illumio PCE (IP List) | 8443 TCP | Kubelink',
    'All Workloads | 53 TCP, 53 UDP | Kubernetes Pod Network (IP List)',
    'All Workloads (Uses Virtual Services and Workloads) | All Services | All Workloads',
    'Kubernetes Pod Network (IP List) | All Services | All Workloads',
  ],
  [
    'All Workloads | 6443 TCP, 22 TCP | Any 0.0.0.0/0 (IP List)',
    'Worker | 80 TCP, 443 TCP | Any 0.0.0.0/0 (IP List)',
  ],
);

describe("the guide's tables", () => {
  it('Kubernetes infrastructure', () => {
    gives(
      cluster,
      [infrastructure],
      [
        `kubelink ${PCE} 8443`,
        'master worker 10250',
        'worker dns 8181',
        'kubelink dns 53/udp',
        `${OUTSIDE} master 6443`,
        `${OUTSIDE} dns 22`,
        `${OUTSIDE} worker 80`,
        `${OUTSIDE} worker 443`,
        'master 10.200.9.9 9090',
        '10.200.9.9 dns 53/udp',
      ],
      [
        `dns ${PCE} 8443`,
        `kubelink ${PCE} 443`,
        `${OUTSIDE} master 80`,
        `${OUTSIDE} worker 8080`,
        `dns ${OUTSIDE} 443`,
        'web dns 8181',
        '10.200.9.9 dns 54/udp',
      ],
    );
  });

  it('OpenShift infrastructure', () => {
    const scope = 'Openshift Infrastructure | Production';
    const people: People = {
      master: { labels: scope, address: '172.16.0.10' },
      router: { labels: `Infra | ${scope} | HQ`, address: '172.16.0.11' },
      kubelink: { labels: `Kubelink | ${scope}`, address: '10.128.0.11', node: 'router' },
    };
    const set = table(
      '1',
      `${scope} | All Locations`,
      [
        'docker.io (IP List), registry.access.redhat.com (IP List), access.redhat.com (IP List) | All Services | All Workloads',
        'Illumio PCE (IP List) | 8443 TCP | Kubelink',
        'All Workloads | 53 TCP, 53 UDP | OpenShift Pod Network (IP List)',
        'All Workloads (Uses Virtual Services and Workloads) | All Services | All Workloads',
        'OpenShift Pod Network (IP List), OpenShift Service Network (IP List) | All Services | All Workloads',
      ],
      [
        'All Workloads | 8443 TCP, 22 TCP | Any 0.0.0.0/0 (IP List)',
        'Infra | TCP 80, TCP 443 | Any 0.0.0.0/0 (IP List)',
      ],
    );
    gives(
      people,
      [set],
      [
        `kubelink ${PCE} 8443`,
        'master router 1936',
        `master 172.30.0.1 443`,
        `${OUTSIDE} router 80`,
        `${OUTSIDE} master 8443`,
        '10.130.0.1 master 53',
      ],
      [`${OUTSIDE} master 80`, `${OUTSIDE} master 6443`, `master ${OUTSIDE} 443`, '10.132.0.1 master 53'],
    );
  });

  it('access from outside through an ingress controller on the network of its nodes', () => {
    const application = table(
      '2',
      RISK,
      ['All Workloads | All Services | All Workloads'],
      ['Risk Assessment | TCP 8080 | Worker'],
    );
    const controller = table('3', KUBERNETES, ['Worker | TCP 80 | External Network']);
    gives(
      cluster,
      [application, controller, infrastructure],
      ['web database 5432', 'worker web 8080', 'worker database 8080', `${OUTSIDE} worker 80`],
      ['master web 8080', 'worker web 8081', `${OUTSIDE} web 8080`, `${OUTSIDE} worker 81`, 'erp web 8080'],
    );
  });

  it('outbound connections to an FQDN: nobody is reached by a name yet', () => {
    gives(
      cluster,
      [table('2', RISK, ['docker.io (IP List) | All Services | Database'])],
      [],
      [`database ${OUTSIDE} 443`, 'database web 443'],
    );
  });

  it('liveness probes through Container Host', () => {
    gives(
      cluster,
      [table('2', RISK, [], ['All Workloads | TCP 9090 | Container Host']), infrastructure],
      ['worker web 9090', 'master database 9090'],
      ['master web 9090', 'worker database 9090', 'worker web 9091', 'worker erp 9090'],
    );
  });

  it('NFS storage of the cluster and of an application', () => {
    const sets = [KUBERNETES, 'ERP | Development | Cloud'].map((scope, index) =>
      table(String(index + 1), scope, ['NFS Storage (IP List) | TCP 2049 | All Workloads']),
    );
    gives(
      cluster,
      sets,
      [`master ${NFS} 2049`, `dns ${NFS} 2049`, `erp ${NFS} 2049`],
      [`web ${NFS} 2049`, `erp ${NFS} 2048`, `erp ${OUTSIDE} 2049`],
    );
  });
});
