/**
 * The application of the local stack: the demo, or manifests of the user's. Its namespaces become managed in
 * visibility_only with labels, so that the first flows show up without any further step.
 */
import { join } from 'node:path';
import { ROOT } from '../entry-points.js';
import { KubernetesApi } from '../kubernetes-api.js';
import { Applying } from './applying.js';
import type { Outcome } from './applying.js';
import type { CallSummary } from './calls.js';
import { manageNamespaces } from './managed-namespaces.js';
import type { FixedLabels } from './managed-namespaces.js';
import { namespaceManifests } from './manifests.js';
import type { LocatedManifest } from './manifests.js';
import { prepared } from './prepared.js';
import { readApplication } from './read-application.js';
import { asInstalled } from './rendering/chart-hooks.js';
import type { UpOptions } from '../options.js';
import { Progress } from '../progress.js';
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
  readonly progress?: Progress;
}

const DEMO_MANIFEST = join(ROOT, 'deploy', 'demo', 'application.yaml');
const DEMO_NAMESPACES: Readonly<Record<string, FixedLabels>> = {
  'shop-prod': { app: 'shop', env: 'prod' },
  'shop-dev': { app: 'shop', env: 'dev' },
};
const NOTHING: Outcome = { applied: 0, ignored: [], made: [] };
const SYSTEM_NAMESPACES = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

export async function deployApplication(deployment: Deployment): Promise<Application> {
  const { options, sandbox, progress = new Progress(() => undefined) } = deployment;
  const demo = options.application === null;
  if (options.kubeconfig && demo) return { namespaces: [], demo: false, calls: null, outcome: NOTHING };
  const read = options.application ?? readApplication([DEMO_MANIFEST], { cwd: ROOT });
  const { objects: installed, leftOut } = asInstalled(read);
  const { objects, made, roles, calls } = prepared(installed, options.calls);
  const applying = new Applying(new KubernetesApi(sandbox.kubeconfig), leftOut);
  const fixed = (namespace: string): FixedLabels =>
    demo ? DEMO_NAMESPACES[namespace]! : { app: namespace, env: 'demo' };
  const namespaces = await progress.phase('Namespaces: labelled and managed', async () => {
    const taken = await applyNamespaces(applying, objects);
    await manageNamespaces(deployment, { namespaces: taken, roles, fixed });
    return taken;
  });
  await progress.phase('Application: deployed', async (counted) => {
    // Of a real cluster's programs it is not known what they make.
    if (!options.kubeconfig) await applying.makeAll(made);
    const others = objects.filter(({ manifest }) => manifest.kind !== 'Namespace');
    await applying.applyAll(others, counted);
  });
  return { namespaces, demo, calls, outcome: applying.outcome() };
}

async function applyNamespaces(applying: Applying, objects: readonly LocatedManifest[]): Promise<string[]> {
  const taken: string[] = [];
  for (const namespace of namespaceManifests(objects)) {
    const name = namespace.manifest.metadata.name!;
    if (!SYSTEM_NAMESPACES.has(name) && (await applying.apply(namespace))) taken.push(name);
  }
  return taken;
}
