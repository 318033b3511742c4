/** Calls of Nest's transport → the collections of flows. */
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { CallError } from '@ringfence/bus';
import { ResourceRequest } from '@ringfence/contracts';
import type { FlowResource } from './flow-resource.js';

export const FLOW_RESOURCE = Symbol('the collections of flows');

@Controller()
export class FlowResourceController {
  constructor(@Inject(FLOW_RESOURCE) private readonly resource: FlowResource) {}

  @MessagePattern('cmd.flow-ingest.resource')
  answer(@Payload() request: unknown): Promise<unknown> {
    const parsed = ResourceRequest.safeParse(request);
    if (!parsed.success) throw CallError.of('INVALID_ARGUMENT', 'invalid-request', parsed.error.message);
    return this.resource(parsed.data);
  }
}
