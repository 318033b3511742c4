/** Calls of Nest's transport → label-resolver. */
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { CALLS } from '@ringfence/contracts';
import { parsed } from '@ringfence/resources';
import type { LabelResolver } from '../label-resolver.js';

export const LABEL_RESOLVER = Symbol('label-resolver');

@Controller()
export class LabelResolverController {
  constructor(@Inject(LABEL_RESOLVER) private readonly resolver: LabelResolver) {}

  @MessagePattern('cmd.label-resolver.resource')
  resource(@Payload() request: unknown): Promise<unknown> {
    return this.resolver.resource(parsed(CALLS.labelResource.request, request));
  }

  @MessagePattern('cmd.label-resolver.asked-settings')
  askedSettings(): Promise<unknown> {
    return this.resolver.askedSettings();
  }

  @MessagePattern('cmd.label-resolver.labelled-at')
  labelledAt(@Payload() request: unknown): Promise<unknown> {
    return this.resolver.labelledAt(parsed(CALLS.labelledAt.request, request));
  }

  @MessagePattern('cmd.label-resolver.said')
  said(@Payload() request: unknown): Promise<unknown> {
    return this.resolver.said(parsed(CALLS.labelSaid.request, request));
  }

  @MessagePattern('cmd.label-resolver.resync')
  resync(@Payload() request: unknown): Promise<unknown> {
    return this.resolver.resync(parsed(CALLS.labelResync.request, request));
  }
}
