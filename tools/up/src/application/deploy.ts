/**
 * The application of the local stack: the demo, or manifests of the user's. Its namespaces become managed in
 * visibility_only with labels, so that the first flows show up without any further step.
 */
import { join } from 'node:path';
import { untilDone } from '@ringfence/testing';
import { ROOT } from '../entry-points.js';
import { KubernetesApi } from '../kubernetes-api.js';
import type { CallSummary } from './calls.js';
import { ensureLabels } from './labels.js';
import type { Label } from './labels.js';
import { namespaceManifests, namespacesOf, readManifests } from './manifests.js';
import type { Manifest } from './manifests.js';
import { prepared } from './prepared.js';
import type { UpOptions } from '../options.js';
import type { RingfenceApi } from '../ringfence-api.js';
import type { Sandbox } from '../sandbox.js';

export interface Application {
  readonly namespaces: readonly string[];
  readonly demo: boolean;
  /** Null: nothing was deployed. */
  readonly calls: CallSummary | null;
}

interface Deployment {
  readonly options: UpOptions;
  readonly api: RingfenceApi;
  readonly sandbox: Sandbox;
  readonly clusterId: string;
  readonly onWaiting?: (words: string) => void;
}

interface AwaitedPods {
  readonly kubernetes: KubernetesApi;
  readonly namespaces: readonly string[];
  readonly onWaiting: ((words: string) => void) | undefined;
}

/** Labels by label type; what the namespace's profile fixes. */
type FixedLabels = Readonly<Record<string, string>>;

const DEMO_MANIFEST = join(ROOT, 'deploy', 'demo', 'application.yaml');
const DEMO_NAMESPACES: Readonly<Record<string, FixedLabels>> = {
  'shop-prod': { app: 'shop', env: 'prod' },
  'shop-dev': { app: 'shop', env: 'dev' },
};
/** Probes of real applications begin late and come seldom. */
const PODS_STALLED_AFTER_MS = 180_000;
const SYSTEM_NAMESPACES = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

export async function deployApplication(deployment: Deployment): Promise<Application> {
  const { options, sandbox } = deployment;
  if (options.kubeconfig && options.manifests.length === 0)
    return { namespaces: [], demo: false, calls: null };
  const demo = options.manifests.length === 0;
  const read = demo ? readManifests(DEMO_MANIFEST) : options.manifests.flatMap(readManifests);
  const { manifests, roles, calls } = prepared(read, options.calls);
  const namespaces = namespacesOf(manifests).filter((name) => !SYSTEM_NAMESPACES.has(name));
  const kubernetes = new KubernetesApi(sandbox.kubeconfig);
  for (const namespace of namespaceManifests(manifests))
    if (!SYSTEM_NAMESPACES.has(namespace.metadata.name!)) await kubernetes.apply(namespace);
  const fixed = (namespace: string): FixedLabels =>
    demo ? DEMO_NAMESPACES[namespace]! : { app: namespace, env: 'demo' };
  await manageNamespaces(deployment, namespaces, roles, fixed);
  for (const manifest of inOrder(manifests)) await kubernetes.apply(manifest);
  await podsReady({ kubernetes, namespaces, onWaiting: deployment.onWaiting });
  return { namespaces, demo, calls };
}

/** Definitions before objects of them, Services and configuration before the Pods that name them. */
const FIRST = ['CustomResourceDefinition', 'ConfigMap', 'Secret', 'Service'];

function inOrder(manifests: readonly Manifest[]): Manifest[] {
  const rank = ({ kind }: Manifest): number => (FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length);
  return manifests.filter(({ kind }) => kind !== 'Namespace').sort((a, b) => rank(a) - rank(b));
}

async function manageNamespaces(
  { api, clusterId }: Deployment,
  namespaces: readonly string[],
  roles: readonly string[],
  fixed: (namespace: string) => FixedLabels,
): Promise<void> {
  const labelsOf = (namespace: string): Label[] =>
    Object.entries(fixed(namespace)).map(([key, value]) => ({ key, value }));
  const hrefOf = await ensureLabels(api, [
    ...roles.map((value) => ({ key: 'role', value })),
    ...namespaces.flatMap(labelsOf),
  ]);
  for (const namespace of namespaces) {
    const profile = await profileOf(api, clusterId, namespace);
    const labels = labelsOf(namespace).map((label) => ({
      key: label.key,
      assignment: { href: hrefOf(label) },
    }));
    await api.put(profile, { managed: true, enforcement_mode: 'visibility_only', labels });
  }
}

/** A namespace's profile appears when Kubelink has reported the namespace. */
async function profileOf(api: RingfenceApi, clusterId: string, namespace: string): Promise<string> {
  const path = `/container_clusters/${clusterId}/container_workload_profiles?namespace=${namespace}`;
  return untilDone<string>(
    async () => {
      const profiles = await api.get<{ href: string; namespace: string | null }[]>(path);
      const found = profiles.find((profile) => profile.namespace === namespace);
      return found ? { done: found.href } : { missing: `${profiles.length} namespaces are reported` };
    },
    { what: `Kubelink to report the namespace ${namespace}`, everyMs: 100 },
  );
}

async function podsReady({ kubernetes, namespaces, onWaiting }: AwaitedPods): Promise<void> {
  await untilDone(
    async () => {
      const waiting: string[] = [];
      for (const namespace of namespaces) waiting.push(...(await kubernetes.unreadyPods(namespace)));
      if (waiting.length === 0) return { done: true };
      const named = waiting.slice(0, 5).join(', ');
      return { missing: `${waiting.length} Pods are not ready: ${named}` };
    },
    {
      what: 'Pods to become ready',
      stalledAfterMs: PODS_STALLED_AFTER_MS,
      everyMs: 250,
      ...(onWaiting && { onWaiting }),
    },
  );
}
