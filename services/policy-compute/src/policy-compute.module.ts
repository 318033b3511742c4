/**
 * The wiring of policy-compute to its process: bus, store and computation are put together in policy-compute.ts, Nest
 * carries the calls.
 *
 *   cmd.policy-compute.* (NATS) ─┐
 *   PolicyExplainer (gRPC) ──────┴─▶ policy.controller ─▶ policy-compute.ts ─▶ POLICY, EVENTS
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  CallersTrace,
  connectBus,
  credsFile,
  ensureStreams,
  Failures,
  natsTransportOptions,
  serviceInbox,
} from '@ringfence/bus';
import type { Bus, BusOptions } from '@ringfence/bus';
import { nestLogger } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { grpcTransportOptions } from './adapters/explain-grpc.js';
import { POLICY_COMPUTE, PolicyController } from './adapters/policy.controller.js';
import type { Config } from './config.js';
import { manifest } from './manifest.js';
import { openPolicyCompute } from './policy-compute.js';
import type { PolicyCompute } from './policy-compute.js';

type Context = HostContext<Config>;

/** Around a computation that runs already: Nest makes nothing but the controller. */
function policyComputeModule(policy: PolicyCompute): new () => object {
  @Module({ controllers: [PolicyController], providers: [{ provide: POLICY_COMPUTE, useValue: policy }] })
  class PolicyComputeModule {}
  return PolicyComputeModule;
}

export async function startPolicyCompute(context: Context): Promise<RunningService> {
  const { config, health, logger, metrics, onShutdown, signal } = context;
  const opened: { policy?: PolicyCompute } = {};
  health.require('postgres', () => opened.policy?.store.availability() ?? 'not open yet');
  health.require('policy', () => opened.policy?.inSync() ?? 'not open yet');
  health.fact('events to relay', () => String(opened.policy?.relayLag() ?? 0));
  health.fact('policy is written by', () => opened.policy?.writer() ?? 'nobody yet');
  const connection = connectionOf(context);
  const bus = await openBus(context, connection);
  const policy = await openPolicyCompute({ config, bus, logger, metrics, signal });
  opened.policy = policy;
  onShutdown(() => policy.close());
  const app = await carryCalls(context, policy, connection);
  return { drain: () => app.close() };
}

const connectionOf = ({ config, logger, metrics, signal }: Context): BusOptions => ({
  servers: config.NATS_URL,
  name: manifest.service,
  server: 'control',
  ...(config.NATS_CREDS !== '' && {
    credentials: credsFile(config.NATS_CREDS),
    inboxPrefix: serviceInbox(manifest.service),
  }),
  metrics,
  onState: ({ connected, detail }) => logger[connected ? 'info' : 'warn']({ detail }, 'NATS'),
  signal,
});

async function openBus({ health, onShutdown }: Context, connection: BusOptions): Promise<Bus> {
  const opened: { bus?: Bus } = {};
  health.require('nats', () => opened.bus?.availability() ?? 'connecting');
  const bus = await connectBus(connection);
  opened.bus = bus;
  onShutdown(() => bus.close());
  await ensureStreams(bus, 'control');
  return bus;
}

async function carryCalls(
  { config, logger }: Context,
  policy: PolicyCompute,
  connection: BusOptions,
): Promise<INestApplication> {
  // The platform is never listened on: calls come over NATS and gRPC only.
  const app = await NestFactory.create(policyComputeModule(policy), new FastifyAdapter(), {
    logger: nestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalInterceptors(new CallersTrace());
  app.useGlobalFilters(new Failures((error) => logger.error({ err: error }, 'a call failed')));
  const inherit = { inheritAppConfig: true };
  app.connectMicroservice<MicroserviceOptions>(natsTransportOptions(connection, manifest.service), inherit);
  if (config.RINGFENCE_GRPC_PORT !== 0) {
    const url = `${config.RINGFENCE_GRPC_HOST}:${config.RINGFENCE_GRPC_PORT}`;
    app.connectMicroservice<MicroserviceOptions>(grpcTransportOptions(url), inherit);
    logger.info({ url }, 'explain is served over gRPC');
  }
  await app.startAllMicroservices();
  return app;
}
