/**
 * The wiring of the gateway to its process: gateway.ts puts the parts together; Nest, on Fastify, listens.
 *
 *   HTTP(S) ─▶ Fastify (bounds, TLS) ─▶ rest.controller ─▶ gateway.ts ─▶ CALLS of the owners
 */
import { Server as TlsServer } from 'node:tls';
import { Catch, Module } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openControlBus } from '@ringfence/bus';
import {
  alarmInsecure,
  boundConnections,
  doorOptions,
  nestLogger,
  tlsListener,
  urlOf,
} from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { newRequestId } from './adapters/http/http-serving.js';
import type { HttpServing } from './adapters/http/http-serving.js';
import { HTTP_SERVING, RestController } from './adapters/http/rest.controller.js';
import type { Config } from './config.js';
import { openGateway } from './gateway.js';
import type { Gateway } from './gateway.js';
import { manifest } from './manifest.js';

type Context = HostContext<Config>;

export interface RunningGateway extends RunningService {
  /** Where it listens, with the port that the system chose if 0 was asked for. */
  readonly url: string;
}

export async function startGateway(context: Context): Promise<RunningGateway> {
  const { config, health, logger, onShutdown } = context;
  const open: { gateway?: Gateway } = {};
  health.require('postgres', () => open.gateway?.store.availability() ?? 'not open yet');
  const { bus } = await openControlBus(context, manifest);
  const gateway = (open.gateway = await openGateway(context, bus));
  onShutdown(() => gateway.close());
  const app = await listen(context, gateway.serving);
  const url = await urlOf(app);
  logger.info({ url }, 'REST API is up');
  alarmInsecure(context, { 'REST API': url, 'control NATS': config.NATS_URL });
  return {
    url,
    drain: async () => {
      await Promise.all([gateway.drain(), app.close()]);
    },
  };
}

async function listen(context: Context, serving: HttpServing): Promise<NestFastifyApplication> {
  const { config, logger, metrics } = context;
  const limits = {
    arrivalMs: config.RINGFENCE_ARRIVAL_SECONDS * 1_000,
    connections: config.RINGFENCE_CONNECTIONS,
    connectionsPerAddress: config.RINGFENCE_CONNECTIONS_PER_ADDRESS,
  };
  const dropped = metrics.counter('gateway_connections_dropped_total', 'Connections beyond the bounds');
  const { listener, ...door } = doorOptions(limits, serving.unreadable);
  const tls = tlsListener({ cert: config.RINGFENCE_TLS_CERT, key: config.RINGFENCE_TLS_KEY }, context);
  const adapter = new FastifyAdapter({
    ...door,
    bodyLimit: config.RINGFENCE_BODY_LIMIT,
    genReqId: newRequestId,
    forceCloseConnections: true,
    // What Fastify refuses before any hook: a path that cannot be decoded.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      serving.fail(error, request, reply),
    ...(tls === undefined ? { http: listener } : { https: { ...listener, ...tls.options } }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(gatewayModule(serving), adapter, {
    bodyParser: false,
    logger: nestLogger(logger),
  });
  app.useGlobalFilters(new Refusals(serving));
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  // Bodies stay bytes until the route is known: its schema says what they must be.
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', async (request, reply) => serving.admit(request, reply));
  boundConnections(fastify.server, limits, () => dropped.add());
  if (fastify.server instanceof TlsServer) tls?.follow(fastify.server);
  await app.listen(config.RINGFENCE_PORT, config.RINGFENCE_HOST);
  return app;
}

function gatewayModule(serving: HttpServing): new () => object {
  @Module({ controllers: [RestController], providers: [{ provide: HTTP_SERVING, useValue: serving }] })
  class GatewayModule {}
  return GatewayModule;
}

/** Errors of Fastify and Nest (a body too large, an unreadable request) in the API's form. */
@Catch()
class Refusals implements ExceptionFilter {
  constructor(private readonly serving: HttpServing) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.serving.fail(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}
