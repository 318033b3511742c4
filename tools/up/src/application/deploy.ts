/**
 * The application of the local stack: the demo, or manifests of the user's. Its namespaces become managed in
 * visibility_only with labels, so that the first flows show up without any further step.
 */
import { join } from 'node:path';
import { untilDone } from '@ringfence/testing';
import { ROOT } from '../entry-points.js';
import { KubernetesApi } from '../kubernetes-api.js';
import { Applying } from './applying.js';
import type { Outcome } from './applying.js';
import type { CallSummary } from './calls.js';
import { ensureLabels } from './labels.js';
import type { Label } from './labels.js';
import { namespaceManifests } from './manifests.js';
import { prepared } from './prepared.js';
import { readApplication } from './read-application.js';
import { asInstalled } from './rendering/chart-hooks.js';
import type { UpOptions } from '../options.js';
import type { RingfenceApi } from '../ringfence-api.js';
import type { Sandbox } from '../sandbox.js';

export interface Application {
  readonly namespaces: readonly string[];
  readonly demo: boolean;
  /** Null: nothing was deployed. */
  readonly calls: CallSummary | null;
  readonly outcome: Outcome;
}

interface Deployment {
  readonly options: UpOptions;
  readonly api: RingfenceApi;
  readonly sandbox: Pick<Sandbox, 'kubeconfig'>;
  readonly clusterId: string;
}

/** Labels by label type; what the namespace's profile fixes. */
type FixedLabels = Readonly<Record<string, string>>;

const DEMO_MANIFEST = join(ROOT, 'deploy', 'demo', 'application.yaml');
const DEMO_NAMESPACES: Readonly<Record<string, FixedLabels>> = {
  'shop-prod': { app: 'shop', env: 'prod' },
  'shop-dev': { app: 'shop', env: 'dev' },
};
const NOTHING: Outcome = { applied: 0, ignored: [], made: [] };
const SYSTEM_NAMESPACES = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

export async function deployApplication(deployment: Deployment): Promise<Application> {
  const { options, sandbox } = deployment;
  const demo = options.application === null;
  if (options.kubeconfig && demo) return { namespaces: [], demo: false, calls: null, outcome: NOTHING };
  const read = options.application ?? readApplication([DEMO_MANIFEST], { cwd: ROOT });
  const { objects: installed, leftOut } = asInstalled(read);
  const { objects, made, roles, calls } = prepared(installed, options.calls);
  const applying = new Applying(new KubernetesApi(sandbox.kubeconfig), leftOut);
  const namespaces: string[] = [];
  for (const namespace of namespaceManifests(objects)) {
    const name = namespace.manifest.metadata.name!;
    if (!SYSTEM_NAMESPACES.has(name) && (await applying.apply(namespace))) namespaces.push(name);
  }
  const fixed = (namespace: string): FixedLabels =>
    demo ? DEMO_NAMESPACES[namespace]! : { app: namespace, env: 'demo' };
  await manageNamespaces(deployment, namespaces, roles, fixed);
  // Of a real cluster's programs it is not known what they make.
  if (!options.kubeconfig) await applying.makeAll(made);
  await applying.applyAll(objects.filter(({ manifest }) => manifest.kind !== 'Namespace'));
  return { namespaces, demo, calls, outcome: applying.outcome() };
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
