/** The label map of the sandbox cluster: what people deploy later gets a role as what is deployed at the start does. */
import { join } from 'node:path';
import { Applying } from './application/applying.js';
import { readApplication } from './application/read-application.js';
import { ROOT } from './entry-points.js';
import { KubernetesApi } from './kubernetes-api.js';
import type { Sandbox } from './sandbox.js';

const LABEL_MAP = join(ROOT, 'deploy', 'kubernetes', 'label-map.yaml');

export async function installLabelMap({ kubeconfig }: Pick<Sandbox, 'kubeconfig'>): Promise<void> {
  const applying = new Applying(new KubernetesApi(kubeconfig));
  await applying.applyAll(readApplication([LABEL_MAP], { cwd: ROOT }));
  const [ignored] = applying.outcome().ignored;
  if (ignored !== undefined) throw new Error(`${ignored.object} of ${ignored.place}: ${ignored.why}`);
}
