/**
 * Nest's side of the bus: its NATS transport for calls, our strategy for events, and what both need around handlers:
 * the trace of the caller, failures as callers know them, and errors that reach the bus as they were thrown.
 */
import { Catch } from '@nestjs/common';
import type {
  ArgumentsHost,
  CallHandler,
  ExceptionFilter,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
} from '@nestjs/common';
import { NatsContext, Transport } from '@nestjs/microservices';
import type { MicroserviceOptions, NatsOptions } from '@nestjs/microservices';
import type { ServiceManifest } from '@ringfence/contracts';
import { defer, lastValueFrom, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Bus, BusOptions, ConsumerOptions } from './bus.js';
import { failureOf } from './calls.js';
import { JetStreamStrategy } from './jetstream.strategy.js';
import { connectionOptions } from './link.js';
import { continueTrace } from './trace.js';
import { readHeaders } from './wire.js';

/** For `connectMicroservice`: request/reply, shared out among the processes of one service. */
function natsTransportOptions(options: BusOptions, service: string): NatsOptions {
  return {
    transport: Transport.NATS,
    // Nest's own type knows only some of the client's options; all are handed on.
    options: {
      ...connectionOptions(options),
      waitOnFirstConnect: true,
      queue: service,
    } as NatsOptions['options'],
  };
}

export interface BusTransports {
  readonly bus: Bus;
  readonly connection: BusOptions;
  readonly manifest: ServiceManifest;
  readonly consumers?: ConsumerOptions;
  /** Told about errors that a caller sees only as INTERNAL. */
  readonly onUnexpected?: (error: unknown) => void;
}

/**
 * Both transports on one application, before `app.init()`; then `await app.startAllMicroservices()`. For applications
 * without HTTP routes: the failures of a route are not told in the words of a call.
 */
export function attachBus(app: INestApplication, transports: BusTransports): void {
  const { bus, connection, manifest } = transports;
  app.useGlobalInterceptors(new CallersTrace());
  app.useGlobalFilters(new Failures(transports.onUnexpected));
  const inherit = { inheritAppConfig: true };
  app.connectMicroservice<MicroserviceOptions>(natsTransportOptions(connection, manifest.service), inherit);
  app.connectMicroservice<MicroserviceOptions>(
    { strategy: new JetStreamStrategy(bus, manifest, transports.consumers) },
    inherit,
  );
}

/** Calls come without the trace of their caller: Nest's transport does not look at headers. */
export class CallersTrace implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const transport: unknown =
      execution.getType() === 'rpc' ? execution.switchToRpc().getContext() : undefined;
    if (!(transport instanceof NatsContext)) return next.handle();
    const call = transport.getSubject().replace(/^cmd\./, '');
    const headers = readHeaders(transport.getHeaders());
    return defer(() =>
      continueTrace(`serve ${call}`, headers, () =>
        lastValueFrom(next.handle(), { defaultValue: undefined }),
      ),
    );
  }
}

/** A failed call answers with a CallFailure; a failed event handler throws what it threw. */
@Catch()
export class Failures implements ExceptionFilter {
  constructor(private readonly onUnexpected?: (error: unknown) => void) {}

  catch(error: unknown, host: ArgumentsHost): Observable<never> {
    if (host.getType() !== 'rpc') throw error;
    if (!(host.switchToRpc().getContext() instanceof NatsContext)) return throwError(() => error);
    const failure = failureOf(error);
    if (failure.code === 'INTERNAL') this.onUnexpected?.(error);
    return throwError(() => failure);
  }
}
