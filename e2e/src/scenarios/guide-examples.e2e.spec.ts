/**
 * The worked examples of the guide, each by name, as the templates of deploy/templates: applied by the command line, provisioned, and tried with
 * packets. What is about labels, nodes and readiness is elsewhere: e2e/README.md says where.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asked,
  deployment,
  label,
  managedNamespace,
  pairedNode,
  POLICY_GATE,
  removeNamespace,
  service,
  setNodeMode,
  untilInForce,
} from '../application.js';
import { ringfence, ringfenceSaid } from '../command-line.js';
import { burst } from '../matrix/burst.js';
import type { Packet } from '../matrix/burst.js';
import { clusterNodes } from '../nodes.js';
import type { ClusterNode } from '../nodes.js';
import { outsideHost } from '../outside-host.js';
import type { OutsideHost } from '../outside-host.js';
import { api, apply, netnsOf, readyPod, readyPods, serviceAddress } from '../world.js';
import type { Pod } from '../world.js';
import type { Manifest } from '@ringfence/up';

const [RISK, INFRA, STRANGERS] = ['guide-risk', 'guide-infra', 'guide-strangers'] as const;
const [APP, CLUSTER_APP, ENV, LOC, WORKER] = [
  'Risk Assessment',
  'Guide Infrastructure',
  'Guide',
  'Guide Cloud',
  'Guide Worker',
] as const;
const OF_RISK = { app: APP, env: ENV } as const;
const folder = mkdtempSync(join(tmpdir(), 'ringfence-guide-'));

let [web, database, dns, kubelink, stranger]: Pod[] = [];
let [own, other]: ClusterNode[] = [];
let outside: OutsideHost;
let databaseService: string;
let labelsBefore: readonly { readonly href: string }[] | undefined;

beforeAll(async () => {
  outside = await outsideHost();
  for (const role of ['Web', 'Database', 'Webserver', 'Network Tool', 'Kubelink', WORKER])
    await label('role', role);
  await managedNamespace(RISK, OF_RISK, 'full');
  await managedNamespace(INFRA, { app: CLUSTER_APP, env: ENV, loc: LOC }, 'full');
  await managedNamespace(STRANGERS, { app: STRANGERS }, 'visibility_only');
  const gated = { podSpec: POLICY_GATE };
  await apply(
    deployment(RISK, 'web', { role: 'Web', port: 8080, ...gated }),
    deployment(RISK, 'database', { role: 'Database', port: 5432, ...gated }),
    service(RISK, 'database', 5432),
    deployment(INFRA, 'dns', { port: 8053, ...gated }),
    deployment(INFRA, 'kubelink', { role: 'Kubelink', port: 8444, ...gated }),
    daemonSet('nginx-webserver', 'Webserver', 8081),
    staticPod('nw-tool1', 'Network Tool', 8082),
    service(RISK, 'nginx-webserver', 80, 8081),
    deployment(STRANGERS, 'stranger', { port: 8080 }),
  );
  [web, database, dns, kubelink, stranger] = await Promise.all([
    readyPod(RISK, 'web'),
    readyPod(RISK, 'database'),
    readyPod(INFRA, 'dns'),
    readyPod(INFRA, 'kubelink'),
    readyPod(STRANGERS, 'stranger'),
  ]);
  await readyPods(RISK, 'nginx-webserver', 2);
  await apply(...serviceByHand('nw-tool-svc', await readyPod(RISK, 'nw-tool1'), 8082));
  databaseService = await serviceAddress(RISK, 'database');
  const nodes = await clusterNodes();
  own = nodes.find(({ name }) => name === web!.node);
  other = nodes.find(({ name }) => name !== web!.node);
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  if (labelsBefore !== undefined) {
    await setNodeMode(other!.name, 'visibility_only');
    await api.put((await pairedNode(other!.name)).href, { labels: labelsBefore });
  }
  for (const kind of ['rule_sets', 'virtual_services', 'ip_lists']) await removeAll(kind);
  await Promise.all([RISK, INFRA, STRANGERS].map(removeNamespace));
  await outside?.close();
});

/** Ours are called after what only this scenario names. */
async function removeAll(kind: string): Promise<void> {
  const found = await api.get<{ href: string; name: string }[]>(
    `/sec_policy/draft/${kind}?max_results=10000`,
  );
  const ours = found.filter(
    ({ name }) => name.includes(ENV) || name.includes(CLUSTER_APP) || name.startsWith('guide'),
  );
  for (const { href } of ours) await api.remove(href);
  const change_subset = { [kind]: ours.map(({ href }) => ({ href })) };
  if (ours.length > 0)
    await api.post('/sec_policy', { update_description: 'the guide: gone', change_subset });
}

/** Applies a template and waits until it is in force everywhere. Answers what people are told. */
async function applied(template: string, values: Readonly<Record<string, string>>): Promise<string> {
  const set = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const { code, words } = await ringfenceSaid(
    'policy',
    'apply',
    '-f',
    `deploy/templates/${template}.yaml`,
    ...set,
    '--provision',
  );
  expect(code, words).toBe(0);
  await untilInForce(await asked());
  return words;
}

type End = Pod | ClusterNode | OutsideHost;
type Try = readonly [from: End, to: string, port: number];
const netns = (from: End): Promise<string> | string => ('netns' in from ? from.netns : netnsOf(from.address));

/** Of each, in order, whether an answer came: what nobody listens to is refused, which nothing on the way dropped. */
async function pass(...tries: readonly Try[]): Promise<boolean[]> {
  const packet = ([, host, port]: Try): Packet => ({ proto: 6, host, port });
  const from = [...new Set(tries.map(([end]) => end))];
  const results = await Promise.all(
    from.map(async (end) => burst(await netns(end), tries.filter(([one]) => one === end).map(packet))),
  );
  const left = new Map(from.map((end, index) => [end, results[index]!]));
  return tries.map(([end]) => left.get(end)!.shift() !== 'dropped');
}

/** Who tries what once the template of the same name is in force, and whether it passes. */
const TRIES = {
  'two-tiers': (): Expected[] => [
    [web!, database!.address, 6379, true],
    [web!, database!.address, 6380, false],
    [database!, web!.address, 6379, false],
    [stranger!, database!.address, 6379, false],
  ],
  'within-cluster': (): Expected[] => [
    [web!, database!.address, 5432, true],
    [web!, databaseService, 5432, true],
    [web!, database!.address, 5433, false],
    [stranger!, database!.address, 5432, false],
  ],
  'liveness-probes': (): Expected[] => [
    [own!, web!.address, 9090, true],
    [other!, web!.address, 9090, false],
    [own!, web!.address, 9091, false],
  ],
  'nfs-storage': (): Expected[] => [
    [web!, outside.address, 2049, true],
    [database!, outside.address, 2049, true],
    [web!, outside.address, 2048, false],
    [dns!, outside.address, 2049, false],
  ],
  'egress-to-hosts': (): Expected[] => [
    [database!, outside.address, 443, true],
    [database!, outside.address, 80, false],
    [web!, outside.address, 443, false],
  ],
  'ring-fence': (): Expected[] => [
    [web!, database!.address, 1234, true],
    [database!, web!.address, 1234, true],
    [stranger!, web!.address, 1234, false],
    [web!, stranger!.address, 8080, false],
  ],
  'kubernetes-infrastructure': (): Expected[] => [
    ...ofInfrastructure(),
    [outside, dns!.address, 6443, true],
    [outside, dns!.address, 8443, false],
  ],
  'openshift-infrastructure': (): Expected[] => [
    ...ofInfrastructure(),
    [outside, dns!.address, 6443, false],
    [outside, dns!.address, 8443, true],
  ],
} as const;
type Expected = readonly [...Try, passes: boolean];
const ofInfrastructure = (): Expected[] => [
  [kubelink!, dns!.address, 1234, true],
  [stranger!, dns!.address, 53, true],
  [stranger!, dns!.address, 8080, false],
  [kubelink!, stranger!.address, 8080, true],
  [kubelink!, outside.address, 443, false],
  [outside, dns!.address, 22, true],
  [kubelink!, outside.address, 8443, true],
  [dns!, outside.address, 8443, false],
];
/** A node in full, of which the outside sees what administrators and the ingress controller use. */
const ofNode = (passing: number): Expected[] =>
  [443, 6443, 8443, 9999].map((port) => [outside, other!.address, port, port === 443 || port === passing]);

async function expectOf(template: keyof typeof TRIES, more: readonly Expected[] = []): Promise<void> {
  const expected = [...TRIES[template](), ...more];
  const passed = await pass(...expected.map(([from, to, port]): Try => [from, to, port]));
  expect(passed, template).toEqual(expected.map(([, , , passes]) => passes));
}

describe('the guide', () => {
  it('lets none of it pass before its rules are there', async () => {
    const all = Object.values(TRIES).flatMap((tries) => tries());
    const passed = await pass(...all.map(([from, to, port]): Try => [from, to, port]));
    expect(
      all
        .filter((_, index) => passed[index])
        .map(([from, to, port]) => `${'name' in from ? from.name : 'outside'} ${to}:${port}`),
    ).toEqual([]);
  });

  it('two-tier app1: Web reaches Database on its port, and not back', async () => {
    await applied('two-tiers', { ...OF_RISK, port: '6379/tcp' });
    await expectOf('two-tiers');
  });

  it('access within the cluster: a rule for virtual services only opens the ports of theirs', async () => {
    await applied('within-cluster', { ...OF_RISK, service: 'guide database', workload: `${RISK}/database` });
    await expectOf('within-cluster');
  });

  it('services of DaemonSets and of static Pods: the latter without a selector, and nobody says their uids', async () => {
    const [daemons, tool] = await Promise.all(
      ['nginx-webserver', 'nw-tool-svc'].map((name) => serviceAddress(RISK, name)),
    );
    const tries: Try[] = [web!, database!].flatMap((from): Try[] => [
      [from, daemons!, 80],
      [from, tool!, 80],
    ]);
    const before = await pass(...tries);
    await applied('two-tiers', { ...OF_RISK, back: 'Webserver', port: '8081/tcp' });
    await applied('two-tiers', { ...OF_RISK, back: 'Network Tool', port: '8082/tcp' });
    expect([before, await pass(...tries)]).toEqual([
      [false, false, false, false],
      [true, true, false, false],
    ]);
  });

  it('liveness probes through Container Host: the own node may probe, another may not', async () => {
    await applied('liveness-probes', OF_RISK);
    await expectOf('liveness-probes');
  });

  it('NFS storage: all Pods reach the server on TCP 2049 alone', async () => {
    await applied('nfs-storage', { ...OF_RISK, servers: outside.address });
    await expectOf('nfs-storage');
  });

  it('outbound to an FQDN: the name is said not to be enforced yet, and its addresses are', async () => {
    const words = await applied('egress-to-hosts', {
      ...OF_RISK,
      addresses: outside.address,
      ports: '443/tcp',
    });
    expect(words).toContain(`Not enforced yet: names of the IP list "Hosts for Database of ${APP} | ${ENV}"`);
    await expectOf('egress-to-hosts');
  });

  it('through an ingress controller on the host network: its nodes reach the Pods, the outside reaches its nodes', async () => {
    const node = await pairedNode(other!.name);
    labelsBefore = node.labels;
    const wanted = { app: CLUSTER_APP, env: ENV, loc: LOC, role: WORKER };
    const labels = await Promise.all(
      Object.entries(wanted).map(async ([key, value]) => ({ href: await label(key, value) })),
    );
    await api.put(node.href, { labels, enforcement_mode: 'full', confirm: true });
    await untilInForce(await asked());
    const tries: Try[] = [
      [other!, database!.address, 8080],
      [other!, database!.address, 8081],
      [outside, database!.address, 8080],
      [outside, other!.address, 80],
      [outside, other!.address, 81],
    ];
    const before = await pass(...tries);
    await applied('ingress-controller', { ...OF_RISK, cluster_app: CLUSTER_APP, node_role: WORKER });
    expect([before, await pass(...tries)]).toEqual([
      [false, false, false, false, false],
      [true, false, false, true, false],
    ]);
  });

  it('ring-fence of an application: everything inside, nothing else in or out', async () => {
    await applied('ring-fence', OF_RISK);
    await expectOf('ring-fence');
  });

  const infrastructure = async (
    template: string,
    values: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const networks = (await clusterNodes()).map(({ podCidr }) => podCidr).join(',');
    return applied(template, {
      app: CLUSTER_APP,
      env: ENV,
      loc: LOC,
      pod_network: networks,
      control_plane_addresses: outside.address,
      ...values,
    });
  };

  it('Kubernetes infrastructure: its nodes and Pods among each other, DNS for all Pods, administrators from outside', async () => {
    const words = await infrastructure('kubernetes-infrastructure', { worker: WORKER });
    expect(words).toContain(`Not enforced yet: names of the IP list "${CLUSTER_APP}: registries"`);
    await expectOf('kubernetes-infrastructure', ofNode(6443));
  });

  it('OpenShift infrastructure: the same with its own ports, in place of the other where it has the same name', async () => {
    // The usual Service network of OpenShift is where the nodes of the sandbox are.
    await infrastructure('openshift-infrastructure', { infra: WORKER, service_network: '192.0.2.0/24' });
    await expectOf('openshift-infrastructure', ofNode(8443));
  });

  it('coexistence scopes: stored, shown, and said to be without effect yet', async () => {
    const scope = { app: CLUSTER_APP, env: ENV, loc: LOC };
    const words = await applied('firewall-coexistence', scope);
    expect(words).toContain('Not enforced yet: firewall settings');
    expect(await ringfence('policy', 'export')).toContain(
      `coexistence:\n    - { scope: { app: ${CLUSTER_APP}, env: ${ENV}, loc: ${LOC} }, primary: true }`,
    );
    const none = document('none.yaml', 'firewall_settings: {}');
    await ringfence('policy', 'apply', '-f', none, '--provision');
  });
});

/** As kubelet shows it: a Pod of its own, which a Service without a selector leads to by hand. */
function staticPod(name: string, role: string, port: number): Manifest {
  const annotations = { 'com.illumio.role': role, 'com.illumio.service_uids': '29308511' };
  const { spec } = podOf(name, port);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: RISK, labels: { app: name }, annotations },
    spec,
  } as Manifest;
}

function daemonSet(name: string, role: string, port: number): Manifest {
  const metadata = { labels: { app: name }, annotations: { 'com.illumio.role': role } };
  const spec = { selector: { matchLabels: { app: name } }, template: { metadata, ...podOf(name, port) } };
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name, namespace: RISK }, spec } as Manifest;
}

function podOf(name: string, port: number): { spec: object } {
  const readinessProbe = { tcpSocket: { port }, periodSeconds: 1 };
  const container = { name, image: `example/${name}:1`, ports: [{ containerPort: port }], readinessProbe };
  return { spec: { containers: [container], terminationGracePeriodSeconds: 1, ...POLICY_GATE } };
}

function serviceByHand(name: string, { address }: Pod, port: number): Manifest[] {
  const metadata = { name, namespace: RISK };
  const ports = [{ name: 'http', port: 80, targetPort: port }];
  const subsets = [{ addresses: [{ ip: address }], ports: [{ name: 'http', port }] }];
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } },
    { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets },
  ] as unknown as Manifest[];
}

function document(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
