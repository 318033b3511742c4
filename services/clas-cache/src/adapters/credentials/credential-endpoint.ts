/** The HTTP(S) listener of the credential desk: bounded, by TLS where it has a certificate, errors in the API's form. */
import { Server as TlsServer } from 'node:tls';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { boundConnections, doorOptions, nestLogger, tlsListener, urlOf } from '@ringfence/service-host';
import type { HostContext } from '@ringfence/service-host';
import type { Config } from '../../config.js';
import { CredentialErrors } from './credential-errors.filter.js';

const MAX_BODY_BYTES = 16 * 1024;
/** Agents ask once and go; many nodes may come by one address. */
const LIMITS = { arrivalMs: 10_000, connections: 2_000, connectionsPerAddress: 200 };

export async function openCredentialEndpoint(
  module: new () => object,
  context: HostContext<Config>,
): Promise<NestFastifyApplication> {
  const { config, logger, metrics } = context;
  const { listener, ...door } = doorOptions(LIMITS, () => undefined);
  const tls = tlsListener({ cert: config.RINGFENCE_TLS_CERT, key: config.RINGFENCE_TLS_KEY }, context);
  const adapter = new FastifyAdapter({
    ...door,
    bodyLimit: MAX_BODY_BYTES,
    ...(tls === undefined ? { http: listener } : { https: { ...listener, ...tls.options } }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(logger),
    // Fastify's own reading of JSON is enough; forms and plain text are refused.
    bodyParser: false,
  });
  app.useGlobalFilters(new CredentialErrors(logger));
  const fastify = adapter.getInstance();
  fastify.removeContentTypeParser('text/plain');
  fastify.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  });
  const dropped = metrics.counter('clas_cache_connections_dropped_total', 'Connections beyond the bounds');
  boundConnections(fastify.server, LIMITS, () => dropped.add());
  if (fastify.server instanceof TlsServer) tls?.follow(fastify.server);
  await app.listen(config.RINGFENCE_PORT, config.RINGFENCE_HOST);
  logger.info({ url: await urlOf(app) }, 'credentials are given here');
  return app;
}
