/**
 * Nest's event handlers on JetStream: `@EventPattern('<durable>', JETSTREAM)` gets the messages of the durable that
 * the manifest declares under this name. Thin: order, retries and dead letters are the bus's.
 */
import { Server } from '@nestjs/microservices';
import type { CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';
import type { ServiceManifest } from '@ringfence/contracts';
import { lastValueFrom } from 'rxjs';
import type { Bus, Consumer, ConsumerOptions } from './bus.js';

/** Second argument of `@EventPattern`, so that other transports of the same application leave the handler alone. */
export const JETSTREAM = Symbol('ringfence JetStream');

export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = JETSTREAM;
  private readonly consumers: Consumer[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly manifest: ServiceManifest,
    private readonly options: ConsumerOptions = {},
  ) {
    super();
  }

  /** A handler for a durable that the manifest does not declare is an error of this process. */
  listen(callback: (error?: unknown) => void): void {
    const handlers = [...this.messageHandlers].filter(([, handler]) => handler.isEventHandler === true);
    for (const [durable, handler] of handlers) {
      const consumption = this.manifest.consumes.find(
        (declared) => declared.durable === durable && declared.mode === 'durable',
      );
      if (consumption === undefined)
        return callback(new Error(`${this.manifest.service} does not declare the durable ${durable}`));
      this.consumers.push(
        this.bus.consume(consumption, (message) => this.handle(handler, message), this.options),
      );
    }
    callback();
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers.splice(0).map((consumer) => consumer.close()));
  }

  /** Nothing to listen for: the bus tells its own state. */
  on(): void {
    return undefined;
  }

  unwrap<T>(): T {
    return this.bus as T;
  }

  private async handle(handler: MessageHandler, message: { readonly payload: unknown }): Promise<void> {
    const result = this.transformToObservable(await handler(message.payload, message));
    await lastValueFrom(result, { defaultValue: undefined });
  }
}
