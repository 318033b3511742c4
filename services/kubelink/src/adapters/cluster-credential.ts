/** Kubelink's credential for the cluster's NATS: asked for with the cluster's id and token; another cluster's is none. */
import { askAsKubelink, createKeys } from '@ringfence/bus';
import { EdgeCredential, KeptCredential, StateFile } from '@ringfence/edge';
import type { HostContext } from '@ringfence/service-host';
import type { Config } from '../config.js';

const ANSWER_WITHIN_MS = 5_000;

export function clusterCredential({ config, signal }: HostContext<Config>): EdgeCredential {
  const { CLAS_URL: clasUrl, CLUSTER_ID: cluster, CLUSTER_TOKEN: token, RINGFENCE_CA: caFile } = config;
  const file = fileFor(cluster, config.RINGFENCE_DATA_DIR);
  const seed = file?.read()?.seed ?? createKeys('user').seed;
  const desk = { clasUrl, caFile, seed, timeoutMs: ANSWER_WITHIN_MS, signal };
  return new EdgeCredential({
    ask: async () => ({ ...(await askAsKubelink(desk, { cluster, token })), seed }),
    refusal: () =>
      `${clasUrl} refuses the cluster id or the cluster token: check CLUSTER_ID and CLUSTER_TOKEN`,
    file,
    signal,
  });
}

function fileFor(cluster: string, directory: string | undefined): StateFile<KeptCredential> | undefined {
  if (directory === undefined) return undefined;
  const ours = KeptCredential.refine((kept) => kept.cluster === cluster);
  return new StateFile(directory, 'credential.json', ours);
}
