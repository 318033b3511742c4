/** A Nest application that is reached over the bus only: its HTTP platform is never listened on. */
import type { INestApplication, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { attachBus } from './nest.js';
import type { BusTransports } from './nest.js';

export interface NestOnBus extends BusTransports {
  /** The service's `@Module`. */
  readonly module: new () => object;
  readonly nestLogger: LoggerService;
  /** Beside the bus: gRPC. */
  readonly others?: readonly MicroserviceOptions[];
}

export async function startNestOnBus({
  module,
  nestLogger,
  others = [],
  ...transports
}: NestOnBus): Promise<INestApplication> {
  const options = { logger: nestLogger, abortOnError: false };
  const app = await NestFactory.create(module, new FastifyAdapter(), options);
  attachBus(app, transports);
  for (const other of others) app.connectMicroservice<MicroserviceOptions>(other, { inheritAppConfig: true });
  await app.init();
  await app.startAllMicroservices();
  return app;
}
