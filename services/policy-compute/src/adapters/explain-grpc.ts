/**
 * `explain` as gRPC: where the .proto is, how a message differs from the call's own shape, failures as gRPC statuses,
 * reflection and the standard health service.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import type { Metadata, Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { Transport } from '@nestjs/microservices';
import type { GrpcOptions } from '@nestjs/microservices';
import { CallError, failureOf } from '@ringfence/bus';
import { HealthImplementation } from 'grpc-health-check';

export const PROTO_PATH = fileURLToPath(new URL('../../proto/policy_explainer.proto', import.meta.url));
export const GRPC_PACKAGE = 'ringfence.policy.v1';
const SERVICE = `${GRPC_PACKAGE}.PolicyExplainer`;
const LOADER = { keepCase: true, longs: String, arrays: true } as const;
const LARGEST_MESSAGE_BYTES = 64 * 1_024;

/** For `connectMicroservice`. `health` is told when the service begins and ends to serve. */
export function grpcTransportOptions(url: string): GrpcOptions {
  return {
    transport: Transport.GRPC,
    options: {
      url,
      package: GRPC_PACKAGE,
      protoPath: PROTO_PATH,
      loader: LOADER,
      maxReceiveMessageLength: LARGEST_MESSAGE_BYTES,
      onLoadPackageDefinition: (definition: PackageDefinition, server: Server) => {
        new ReflectionService(definition).addToServer(server);
        new HealthImplementation({ '': 'SERVING', [SERVICE]: 'SERVING' }).addToServer(server);
      },
    },
  };
}

/** Absent optional fields arrive as absent or as `_field` markers of the loader; only the named fields count. */
export function explainRequestOf(message: unknown): Record<string, unknown> {
  const given = message as Record<string, unknown>;
  const fields = ['from', 'to', 'port', 'proto', 'policy', 'cluster'];
  return Object.fromEntries(
    fields
      .filter((field) => given[field] !== undefined && given[field] !== null)
      .map((field) => [field, given[field]]),
  );
}

/** Reflection and health answer everybody; what the policy is, only who shows the token. */
export function requireToken(token: string, metadata: Metadata): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const [shown] = metadata.get('authorization');
  const isRight = token !== '' && timingSafeEqual(digest(String(shown ?? '')), digest(`Bearer ${token}`));
  if (!isRight)
    throw CallError.of('UNAUTHENTICATED', 'authentication_failed', 'give the token: authorization: Bearer …');
}

/** Our codes are gRPC's own words. */
export function grpcFailure(error: unknown): Error & { readonly code: number } {
  const { code, errors } = failureOf(error);
  const message = errors.map((each) => `${each.token}: ${each.message}`).join('; ');
  return Object.assign(new Error(message, { cause: error }), { code: status[code], details: message });
}
