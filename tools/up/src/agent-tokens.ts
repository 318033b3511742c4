/**
 * What a kubelet does for a Pod with a projected service account token, done for the agents of a local stack: they are processes
 * and no Pods, so their tokens are bound to the node itself. Written anew when four fifths of a token's life are over.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_AUDIENCE } from '@ringfence/contracts';
import { KubernetesApi } from './kubernetes-api.js';

/** As clas-cache takes it where nothing else is set. */
const NAMESPACE = 'ringfence-system';
const ACCOUNT = 'ringfence-cven';
const LIFE_SECONDS = 3_600;
const RENEW_AFTER_MS = LIFE_SECONDS * 800;
const TRY_AGAIN_MS = 5_000;

interface Holder {
  readonly name: string;
  readonly machineIdPath: string;
}

/** Beside what else is the node's own. */
export const tokenPathOf = ({ machineIdPath }: Pick<Holder, 'machineIdPath'>): string =>
  `${machineIdPath}.token`;

/** Resolves when every node has its first token; they are replaced until the signal ends it. */
export async function provideAgentTokens(
  kubeconfig: string,
  nodes: readonly Holder[],
  { signal, say }: { readonly signal: AbortSignal; readonly say: (line: string) => void },
): Promise<void> {
  const api = new KubernetesApi(kubeconfig);
  await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await api.apply({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: ACCOUNT, namespace: NAMESPACE },
  });
  await Promise.all(nodes.map((node) => writeToken(api, node)));
  for (const node of nodes) void keepFresh(api, node, { signal, say });
}

async function keepFresh(
  api: KubernetesApi,
  node: Holder,
  { signal, say }: { readonly signal: AbortSignal; readonly say: (line: string) => void },
): Promise<void> {
  for (let waitMs = RENEW_AFTER_MS; !signal.aborted;) {
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await writeToken(api, node);
      waitMs = RENEW_AFTER_MS;
    } catch (error) {
      say(`${node.name}: its agent's token could not be replaced: ${String(error)}`);
      waitMs = TRY_AGAIN_MS;
    }
  }
}

/** Never half a token for whoever reads meanwhile. */
async function writeToken(api: KubernetesApi, node: Holder): Promise<void> {
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${ACCOUNT}/token`;
  const spec = {
    audiences: [AGENT_AUDIENCE],
    expirationSeconds: LIFE_SECONDS,
    boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: node.name },
  };
  const answer = await api.request('POST', path, { spec }, 'application/json');
  const { status } = answer as { status: { token: string } };
  const file = tokenPathOf(node);
  writeFileSync(`${file}.new`, status.token, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
