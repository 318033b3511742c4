/**
 * What Kubelink is made of. Functions put it together, not Nest: it has no routes and no store.
 *
 *   API server ──lists, watches──▶ ClusterWatch ──▶ ObservationOutbox ──▶ ObservationPublisher ──▶ obs.<cluster>.*
 *       ▲                                                                  Heartbeat ────────────▶ obs.<cluster>.cluster
 *       └──patch of pods/status── PodConditions ◀──readiness── READINESS
 *   clas-cache ──credential──▶ EdgeCredential ──▶ the connection to the cluster's NATS
 */
import type { EdgeCredential } from '@ringfence/edge';
import { apiClient, clusterAccess, KubeconfigError } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { alarmUnverified, StartRefused } from '@ringfence/service-host';
import type { HostContext } from '@ringfence/service-host';
import { clusterCredential } from './adapters/cluster-credential.js';
import { PodConditions } from './adapters/readiness.consumer.js';
import type { Config } from './config.js';
import { ObservationOutbox } from './domain/observation-outbox.calculator.js';

export type Context = HostContext<Config>;

export interface Kubelink {
  readonly client: ApiClient;
  readonly credential: EdgeCredential;
  readonly outbox: ObservationOutbox;
  readonly conditions: PodConditions;
}

export function openKubelink(context: Context): Kubelink {
  const client = openApi(context);
  return {
    client,
    credential: clusterCredential(context),
    // Microseconds of the clock: above every number of an earlier run.
    outbox: new ObservationOutbox(context.config.CLUSTER_ID, Date.now() * 1_000),
    conditions: podConditions(context, client),
  };
}

function openApi(context: Context): ApiClient {
  const { config, onShutdown } = context;
  try {
    const access = clusterAccess(config.KUBECONFIG);
    if (!access.tls.rejectUnauthorized)
      alarmUnverified(context, 'the API server', 'insecure-skip-tls-verify');
    const client = apiClient(access);
    onShutdown(() => client.close());
    return client;
  } catch (error) {
    if (error instanceof KubeconfigError) throw new StartRefused(error.message);
    throw error;
  }
}

function podConditions({ metrics, logger }: Context, client: ApiClient): PodConditions {
  return new PodConditions({
    client,
    written: metrics.counter('kubelink_pod_conditions_total', 'Readiness conditions written to Pods'),
    givenUp: metrics.counter(
      'kubelink_pod_conditions_given_up_total',
      'Readiness conditions that the API server refused until they were given up',
    ),
    onTrouble: (message, error) => logger.warn({ err: error }, message),
  });
}
