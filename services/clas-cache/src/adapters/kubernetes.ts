/** What clas-cache asks of the API server, where there is a way to it: whom it vouches for, and conditions that Kubelink does not write. */
import { apiClient, clusterAccess, KubeconfigError } from '@ringfence/kubernetes';
import type { ApiClient, ClusterAccess } from '@ringfence/kubernetes';
import { alarmUnverified, StartRefused } from '@ringfence/service-host';
import type { HostContext } from '@ringfence/service-host';
import { ReadinessNet } from './acks/readiness-net.js';
import { KubernetesVouching, lostVouching, noVouching } from './credentials/vouching.js';
import type { Vouching, VouchingMemory } from './credentials/vouching.js';
import { vouchingMemory } from './credentials/vouching-memory.js';
import type { StateFiles } from './store/state-files.store.js';
import type { Config } from '../config.js';

export interface Kubernetes {
  /** Undefined: nobody but Kubelink writes conditions. */
  readonly net: ReadinessNet | undefined;
  /** Undefined: Pods that Kubelink does not tell of are not known. */
  readonly client: ApiClient | undefined;
  readonly vouching: Vouching;
}

export function openKubernetes(context: HostContext<Config>, files: StateFiles): Kubernetes {
  const { config, health, logger } = context;
  const memory = vouchingMemory(context, files);
  const kubernetes = around(context, memory);
  if (config.RINGFENCE_VOUCHING !== 'off') return shown(health, kubernetes);
  if (memory.isKept) logger.error('RINGFENCE_VOUCHING is off now: Kubernetes vouched for the agents before');
  return shown(health, { ...kubernetes, vouching: noVouching('RINGFENCE_VOUCHING is off') });
}

function around(context: HostContext<Config>, memory: VouchingMemory): Kubernetes {
  const { config, health, onShutdown } = context;
  const access = accessOf(config);
  if (access instanceof KubeconfigError) {
    if (config.RINGFENCE_VOUCHING === 'required')
      throw new StartRefused(`RINGFENCE_VOUCHING=required needs a way to the API server: ${access.message}`);
    health.fact('conditions while Kubelink is silent', () => `not written: ${access.message}`);
    const vouching = memory.isKept ? lostVouching(access.message) : noVouching(access.message);
    return { net: undefined, client: undefined, vouching };
  }
  if (!access.tls.rejectUnauthorized) alarmUnverified(context, 'the API server', 'insecure-skip-tls-verify');
  const client = apiClient(access);
  const net = openNet(context, client);
  onShutdown(async () => {
    await net.close();
    await client.close();
  });
  const mode = config.RINGFENCE_VOUCHING === 'required' ? 'required' : 'auto';
  const account = config.RINGFENCE_AGENT_SERVICE_ACCOUNT;
  return { net, client, vouching: new KubernetesVouching({ client, account, mode, memory }) };
}

function shown(health: HostContext<Config>['health'], kubernetes: Kubernetes): Kubernetes {
  health.fact('agents are vouched for', () => kubernetes.vouching.state());
  return kubernetes;
}

function accessOf(config: Config): ClusterAccess | KubeconfigError {
  try {
    return clusterAccess(config.KUBECONFIG);
  } catch (error) {
    if (error instanceof KubeconfigError) return error;
    throw error;
  }
}

function openNet({ logger, metrics }: HostContext<Config>, client: ApiClient): ReadinessNet {
  const onTrouble = (message: string, error: unknown): void => logger.warn({ err: error }, message);
  return new ReadinessNet({ client, metrics, onTrouble });
}
