import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { CallError } from '@ringfence/bus';
import { CALLS, ExplainEnd, ExplainRequest, InForce } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GRPC_PACKAGE, explainRequestOf, grpcFailure, PROTO_PATH } from './explain-grpc.js';

interface MessageShape {
  readonly field: readonly { readonly name: string; readonly label: string; readonly type: string }[];
  /** A field that may be absent is alone in a group named after it. */
  readonly oneofDecl: readonly { readonly name: string }[];
}
interface WireField {
  readonly type: string;
  readonly repeated: boolean;
  readonly optional: boolean;
}

const definition = loadSync(PROTO_PATH, { keepCase: true });

function actual(message: string): Record<string, WireField> {
  const found = definition[`${GRPC_PACKAGE}.${message}`] as MessageTypeDefinition<object, object>;
  const { field, oneofDecl } = found.type as MessageShape;
  const optional = new Set(oneofDecl.map(({ name }) => name));
  return Object.fromEntries(
    field.map(({ name, type, label }) => [
      name,
      { type, repeated: label === 'LABEL_REPEATED', optional: optional.has(`_${name}`) },
    ]),
  );
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}
const TYPES: Readonly<Record<string, string>> = {
  string: 'TYPE_STRING',
  integer: 'TYPE_INT32',
  object: 'TYPE_MESSAGE',
};

const kindsOf = ({ type, anyOf }: JsonSchema): string[] =>
  [type ?? [], (anyOf ?? []).flatMap(kindsOf)].flat();

/** The contract's fields as the .proto must have them. */
function expected(schema: z.ZodType, io: 'input' | 'output'): Record<string, WireField> {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io }) as JsonSchema;
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const kinds = kindsOf(property);
      const kind = kinds.find((each) => each !== 'null') ?? '';
      const optional = kinds.includes('null') || !required.includes(name);
      const item = kind === 'array' ? String(property.items?.type) : kind;
      return [name, { type: TYPES[item] ?? item, repeated: kind === 'array', optional }];
    }),
  );
}

describe('explain as gRPC', () => {
  it.each([
    ['ExplainRequest', ExplainRequest, 'input'],
    ['ExplainResponse', CALLS.explain.response, 'output'],
    ['ExplainEnd', ExplainEnd, 'output'],
    ['ExplainedLabel', ExplainEnd.shape.origins.unwrap().element, 'output'],
    ['ExplainedRefusal', ExplainEnd.shape.refused.unwrap().element, 'output'],
    ['InForce', InForce, 'output'],
    ['RuleOfVerdict', ExplainEnd.shape.rule.unwrap(), 'output'],
  ] as const)('has in %s the fields of the contract', (message, schema, io) => {
    expect(actual(message)).toEqual(expected(schema, io));
  });

  it('asks with what was given, so that defaults are the contract’s', () => {
    expect(explainRequestOf({ from: 'a', to: 'b', port: 1, _proto: 'proto' })).toEqual({
      from: 'a',
      to: 'b',
      port: 1,
    });
  });

  it('tells a refusal as the status of its code, with token and message', () => {
    expect(grpcFailure(CallError.of('NOT_FOUND', 'not_found_error', 'no such thing'))).toMatchObject({
      code: 5,
      details: 'not_found_error: no such thing',
    });
    expect(grpcFailure(new Error('a secret'))).toMatchObject({
      code: 13,
      details: expect.not.stringContaining('secret') as string,
    });
  });
});
