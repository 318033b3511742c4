/**
 * The wiring of Kubelink: a Nest application context without an HTTP platform and without a store.
 *
 *   API server ──lists, watches──▶ ClusterWatch ──▶ ObservationOutbox ──▶ ObservationPublisher ──▶ obs.<cluster>.*
 *       ▲                                                                  Heartbeat ────────────▶ obs.<cluster>.cluster
 *       └──patch of pods/status── PodConditions ◀──readiness── READINESS
 *   clas-cache ──credential──▶ ClusterCredential ──▶ the connection to the cluster's NATS
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { apiClient, clusterAccess, KubeconfigError } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { alarmUnverified, StartRefused } from '@ringfence/service-host';
import type { HostContext } from '@ringfence/service-host';
import { ClusterCredential } from './adapters/cluster-credential.client.js';
import { PodConditions } from './adapters/readiness.consumer.js';
import type { Config } from './config.js';
import { ObservationOutbox } from './domain/observation-outbox.calculator.js';

export type Context = HostContext<Config>;

export const CONTEXT = Symbol('context');
export const API_CLIENT = Symbol('API client');
export const CREDENTIAL = Symbol('credential');
export const OUTBOX = Symbol('outbox');
export const POD_CONDITIONS = Symbol('Pod conditions');

export const VERSION = '0.1.0';

export function kubelinkModule(context: Context): Type {
  class KubelinkModule {}
  Module({
    providers: [
      { provide: CONTEXT, useValue: context },
      { provide: API_CLIENT, useFactory: openApi, inject: [CONTEXT] },
      { provide: CREDENTIAL, useFactory: credential, inject: [CONTEXT] },
      // Microseconds of the clock: above every number of an earlier run.
      {
        provide: OUTBOX,
        useFactory: ({ config }: Context) => new ObservationOutbox(config.CLUSTER_ID, Date.now() * 1_000),
        inject: [CONTEXT],
      },
      { provide: POD_CONDITIONS, useFactory: podConditions, inject: [CONTEXT, API_CLIENT] },
    ],
  })(KubelinkModule);
  return KubelinkModule;
}

function openApi(context: Context): ApiClient {
  const { config, onShutdown } = context;
  try {
    // Like kubectl, the variable may name several files; one cluster is watched, so the first counts.
    const access = clusterAccess(config.KUBECONFIG?.split(':')[0]);
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

function credential({ config, signal }: Context): ClusterCredential {
  return new ClusterCredential({
    clasUrl: config.CLAS_URL,
    caFile: config.RINGFENCE_CA,
    cluster: config.CLUSTER_ID,
    token: config.CLUSTER_TOKEN,
    directory: config.RINGFENCE_DATA_DIR,
    signal,
  });
}

function podConditions({ metrics, logger }: Context, client: ApiClient): PodConditions {
  return new PodConditions({
    client,
    written: metrics.counter('kubelink_pod_conditions_total', 'Readiness conditions written to Pods'),
    onTrouble: (message, error) => logger.warn({ err: error }, message),
  });
}
