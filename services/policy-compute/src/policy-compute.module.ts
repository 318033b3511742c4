/**
 * The wiring of policy-compute to its process: bus, store and computation are put together in policy-compute.ts, Nest
 * carries the calls.
 *
 *   cmd.policy-compute.* (NATS) ─┐
 *   PolicyExplainer (gRPC) ──────┴─▶ policy.controller ─▶ policy-compute.ts ─▶ POLICY, EVENTS
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { openControlBus } from '@ringfence/bus';
import { startNestOnBus } from '@ringfence/bus/nest';
import { keepWhole } from '@ringfence/event-store';
import { alarmInsecure, nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { grpcTransportOptions } from './adapters/explain-grpc.js';
import { GRPC_TOKEN, POLICY_COMPUTE, PolicyController } from './adapters/policy.controller.js';
import type { Config } from './config.js';
import { manifest } from './manifest.js';
import { openPolicyCompute } from './policy-compute.js';
import type { PolicyCompute } from './policy-compute.js';

type Context = HostContext<Config>;

/** Around a computation that runs already: Nest makes nothing but the controller. */
function policyComputeModule(policy: PolicyCompute, grpcToken: string): new () => object {
  @Module({
    controllers: [PolicyController],
    providers: [
      { provide: POLICY_COMPUTE, useValue: policy },
      { provide: GRPC_TOKEN, useValue: grpcToken },
    ],
  })
  class PolicyComputeModule {}
  return PolicyComputeModule;
}

export async function startPolicyCompute(context: Context): Promise<RunningService> {
  const { config, health, logger, metrics, onShutdown, signal } = context;
  const opened: { policy?: PolicyCompute } = {};
  health.require('postgres', () => opened.policy?.store.availability() ?? 'not open yet');
  health.require('policy', () => opened.policy?.inSync() ?? 'not open yet');
  health.require('own events', () => opened.policy?.behind ?? true);
  health.fact('events to relay', () => String(opened.policy?.relayLag() ?? 0));
  health.fact('policy is written by', () => opened.policy?.writer() ?? 'not known yet');
  const { bus, connection, answerHealth } = await openControlBus(context, manifest);
  answerHealth();
  const policy = await openPolicyCompute({ config, bus, logger, metrics, signal });
  opened.policy = policy;
  onShutdown(() => policy.close());
  keepWhole(context, {
    store: policy.store,
    bus,
    owners: ['label-resolver'],
    waiting: () => policy.waiting(),
  });
  const grpc = grpcUrl(config);
  const app = await startNestOnBus({
    module: policyComputeModule(policy, config.RINGFENCE_GRPC_TOKEN),
    nestLogger: nestLogger(logger),
    bus,
    connection,
    manifest,
    others: grpc === null ? [] : [grpcTransportOptions(grpc)],
    onUnexpected: (error) => logger.error({ err: error }, 'a call failed'),
  });
  if (grpc !== null) {
    logger.info({ url: grpc }, 'explain is served over gRPC');
    alarmInsecure(context, { 'explain over gRPC': `grpc://${grpc}` });
  }
  return { drain: () => app.close() };
}

const grpcUrl = ({
  RINGFENCE_GRPC_HOST: host,
  RINGFENCE_GRPC_PORT: port,
  RINGFENCE_GRPC_TOKEN: token,
}: Config): string | null => (port === 0 || token === '' ? null : `${host}:${port}`);
