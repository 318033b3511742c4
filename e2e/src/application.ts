/** Small applications for scenarios, and their policy: namespaces with fixed labels, Deployments with a role, rule sets. */
import type { Manifest } from '@ringfence/up';
import { api, apply, clusterId, eventually, kubernetes } from './world.js';

export type Mode = 'idle' | 'visibility_only' | 'selective' | 'full';

interface Container {
  readonly port?: number;
  /** `host:port`s that it calls every few seconds. */
  readonly calls?: readonly string[];
}
interface DeploymentOptions extends Container {
  readonly replicas?: number;
  /** The role annotation; absent: none. */
  readonly role?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly podSpec?: object;
}

/** With it a Pod is Ready only when its policy is proven to be in force: then one connection must do. Managed namespaces only. */
export const POLICY_GATE = { readinessGates: [{ conditionType: 'ringfence.io/policy-ready' }] };

export function deployment(namespace: string, name: string, options: DeploymentOptions = {}): Manifest {
  const { port, calls = [], replicas = 1, role, annotations = {}, podSpec = {} } = options;
  const container = {
    name,
    image: `example/${name}:1`,
    ...(port && {
      ports: [{ containerPort: port }],
      readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
    }),
    env: calls.map((value, index) => ({ name: `TARGET_${index}`, value })),
  };
  const template = {
    metadata: {
      labels: { app: name },
      annotations: { ...(role && { 'com.illumio.role': role }), ...annotations },
    },
    spec: { containers: [container], terminationGracePeriodSeconds: 1, ...podSpec },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: { app: name } }, template },
  } as Manifest;
}

export function service(namespace: string, name: string, port: number, targetPort = port): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port, targetPort }] },
  } as Manifest;
}

/** The label's href; made when it does not exist. */
export async function label(key: string, value: string): Promise<string> {
  const query = `key=${key}&exact_match_for_label_type=true&value=${value}&max_results=500`;
  const found = await api.get<{ href: string; value: string }[]>(`/labels?${query}`);
  const same = found.find((candidate) => candidate.value === value);
  return same?.href ?? (await api.post<{ href: string }>('/labels', { key, value })).href;
}

async function profile(namespace: string): Promise<string> {
  const path = `/container_clusters/${clusterId}/container_workload_profiles?namespace=${namespace}`;
  let href = '';
  await eventually(`a profile of ${namespace}`, async () => {
    const found = await api.get<{ href: string; namespace: string | null }[]>(path);
    href = found.find((candidate) => candidate.namespace === namespace)?.href ?? '';
    return href !== '';
  });
  return href;
}

/** A managed namespace whose profile fixes these labels. */
export async function managedNamespace(
  name: string,
  labels: Readonly<Record<string, string>>,
  mode: Mode,
): Promise<void> {
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const fixed = [];
  for (const [key, value] of Object.entries(labels))
    fixed.push({ key, assignment: { href: await label(key, value) } });
  await api.put(await profile(name), { managed: true, enforcement_mode: mode, labels: fixed });
}

/** A namespace in full with a gated Deployment per role: the first on this port, the others on those after it. */
export async function gatedRoles(
  namespace: string,
  labelPrefix: string,
  port: number,
  roles: readonly string[],
): Promise<void> {
  for (const role of roles) await label('role', `${labelPrefix}-${role}`);
  await managedNamespace(namespace, { app: namespace, env: 'test' }, 'full');
  const gated = (app: string, i: number): Manifest =>
    deployment(namespace, app, { role: `${labelPrefix}-${app}`, port: port + i, podSpec: POLICY_GATE });
  await apply(...roles.map(gated));
}

export async function setMode(namespace: string, mode: Mode): Promise<void> {
  await api.put(await profile(namespace), { enforcement_mode: mode });
}

export async function removeNamespace(name: string): Promise<void> {
  await kubernetes.request('DELETE', `/api/v1/namespaces/${name}`);
}

interface RuleSpec {
  readonly from: Readonly<Record<string, string>>;
  readonly to: Readonly<Record<string, string>>;
  readonly port: number;
}

/** A draft rule set: scope and rules by label values. Gives its href. */
export async function ruleSet(
  name: string,
  scope: Readonly<Record<string, string>>,
  rules: readonly RuleSpec[],
): Promise<string> {
  const actors = async (labels: Readonly<Record<string, string>>): Promise<object[]> => {
    const entries = Object.entries(labels);
    return Promise.all(entries.map(async ([key, value]) => ({ label: { href: await label(key, value) } })));
  };
  const created = await api.post<{ href: string }>('/sec_policy/draft/rule_sets', {
    name,
    scopes: [await actors(scope)],
  });
  for (const { from, to, port } of rules) {
    await api.post(`${created.href}/sec_rules`, {
      enabled: true,
      providers: await actors(to),
      consumers: await actors(from),
      ingress_services: [{ proto: 6, port }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    });
  }
  return created.href;
}

/** Gives the version that is provisioned. */
export async function provision(note: string): Promise<number> {
  const { href } = await api.post<{ href: string }>('/sec_policy', { update_description: note });
  return Number(href.split('/').at(-1));
}

interface PairedNode {
  readonly href: string;
  readonly name: string;
  readonly labels: readonly { readonly href: string }[];
  readonly enforcement_mode: Mode;
}
export async function pairedNode(name: string): Promise<PairedNode> {
  const found = await api.get<PairedNode[]>(`/workloads?managed=true&name=${name}`);
  return found.find((one) => one.name === name)!;
}

/** Whatever full mode ends that stands now. */
export async function setNodeMode(name: string, mode: Mode): Promise<void> {
  const { href } = await pairedNode(name);
  await api.put(href, { enforcement_mode: mode, confirm: true });
}

/** At which policy the cluster stands beside the one asked for, as REST says it; null: nobody could say. */
export interface Standing {
  readonly asked_version: number | null;
  readonly in_force_version: number | null;
  readonly asked_settings: number | null;
  readonly in_force_settings: number | null;
  readonly waiting_for: string;
}

export async function standing(): Promise<Standing> {
  const cluster = await api.get<{ ringfence_enforcement: { policy: Standing } }>(
    `/container_clusters/${clusterId}`,
  );
  return cluster.ringfence_enforcement.policy;
}

/** Waits for who takes writes to say how much was asked for by now. */
export async function asked(): Promise<Standing> {
  let now = await standing();
  await eventually('it is known what is asked for', async () => {
    now = await standing();
    return now.asked_version !== null && now.asked_settings !== null;
  });
  return now;
}

export const inForce = (wanted: Standing, now: Standing): boolean =>
  isReached(wanted.asked_version, now.in_force_version) &&
  isReached(wanted.asked_settings, now.in_force_settings);

const isReached = (wanted: number | null, now: number | null): boolean =>
  wanted !== null && now !== null && wanted <= now;

/** What was asked for at the time of `wanted`; what others ask for meanwhile is not waited for. */
export async function untilInForce(wanted: Standing): Promise<void> {
  await eventually(
    `in force: ${JSON.stringify(wanted)}`,
    async () => {
      const now = await standing();
      if (inForce(wanted, now)) return true;
      throw new Error(`it stands at ${JSON.stringify(now)}`);
    },
    60_000,
  );
}
