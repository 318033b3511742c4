/** Calls of Nest's transport → flow-ingest. */
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { CALLS } from '@ringfence/contracts';
import { parsed } from '@ringfence/resources';
import type { FlowIngest } from '../flow-ingest.js';

export const FLOW_INGEST = Symbol('flow-ingest');

@Controller()
export class FlowIngestController {
  constructor(@Inject(FLOW_INGEST) private readonly flowIngest: FlowIngest) {}

  @MessagePattern('cmd.flow-ingest.resource')
  resource(@Payload() request: unknown): Promise<unknown> {
    return this.flowIngest.resource(parsed(CALLS.flowResource.request, request));
  }

  @MessagePattern('cmd.flow-ingest.ends-seen')
  endsSeen(@Payload() request: unknown): Promise<unknown> {
    return this.flowIngest.stored.endsSeen(parsed(CALLS.endsSeen.request, request));
  }

  @MessagePattern('cmd.flow-ingest.flow-kinds')
  flowKinds(@Payload() request: unknown): Promise<unknown> {
    return this.flowIngest.stored.flowKinds(parsed(CALLS.flowKinds.request, request));
  }
}
