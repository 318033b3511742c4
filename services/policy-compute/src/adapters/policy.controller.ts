/** The calls of policy-compute, on NATS and (explain) on gRPC: parse, call, answer. */
import { Controller, Inject } from '@nestjs/common';
import type { Metadata } from '@grpc/grpc-js';
import { Ctx, GrpcMethod, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { CallError } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { CallContract, ResourceResponse } from '@ringfence/contracts';
import { z } from 'zod';
import type { PolicyCompute } from '../policy-compute.js';
import { explainRequestOf, grpcFailure, requireToken } from './explain-grpc.js';

export const POLICY_COMPUTE = Symbol('policy-compute');
export const GRPC_TOKEN = Symbol('what callers over gRPC show');

type Answer<C extends CallContract> = Promise<z.output<C['response']>>;

@Controller()
export class PolicyController {
  constructor(
    @Inject(POLICY_COMPUTE) private readonly policy: PolicyCompute,
    @Inject(GRPC_TOKEN) private readonly grpcToken: string,
  ) {}

  @MessagePattern('cmd.policy-compute.resource', Transport.NATS)
  resource(@Payload() payload: unknown): Promise<ResourceResponse> {
    return this.policy.resource(parsed(CALLS.policyResource, payload));
  }

  @MessagePattern('cmd.policy-compute.label-usage', Transport.NATS)
  labelUsage(@Payload() payload: unknown): Answer<typeof CALLS.labelUsage> {
    return this.policy.labelUsage(parsed(CALLS.labelUsage, payload));
  }

  @MessagePattern('cmd.policy-compute.group-labels', Transport.NATS)
  groupLabels(@Payload() payload: unknown): Answer<typeof CALLS.groupLabels> {
    return this.policy.groupLabels(parsed(CALLS.groupLabels, payload));
  }

  @MessagePattern('cmd.policy-compute.explain', Transport.NATS)
  explain(@Payload() payload: unknown): Answer<typeof CALLS.explain> {
    return this.policy.explain(parsed(CALLS.explain, payload));
  }

  @MessagePattern('cmd.policy-compute.asked-version', Transport.NATS)
  askedVersion(): Answer<typeof CALLS.askedVersion> {
    return this.policy.askedVersion();
  }

  @MessagePattern('cmd.policy-compute.said', Transport.NATS)
  said(@Payload() payload: unknown): Answer<typeof CALLS.policySaid> {
    return this.policy.said(parsed(CALLS.policySaid, payload));
  }

  @MessagePattern('cmd.policy-compute.resync', Transport.NATS)
  resync(@Payload() payload: unknown): Answer<typeof CALLS.policyResync> {
    return this.policy.resync(parsed(CALLS.policyResync, payload));
  }

  @GrpcMethod('PolicyExplainer', 'Explain')
  async explainOverGrpc(
    @Payload() message: unknown,
    @Ctx() metadata: Metadata,
  ): Answer<typeof CALLS.explain> {
    try {
      requireToken(this.grpcToken, metadata);
      return await this.policy.explain(parsed(CALLS.explain, explainRequestOf(message)));
    } catch (error) {
      throw grpcFailure(error);
    }
  }
}

function parsed<C extends CallContract>(contract: C, payload: unknown): z.output<C['request']> {
  const result = contract.request.safeParse(payload);
  if (result.success) return result.data as z.output<C['request']>;
  throw CallError.of('INVALID_ARGUMENT', 'input_validation_error', z.prettifyError(result.error));
}
