/** gRPC over the runtime's socket with the hand-written subsets in `proto`. Every call has a deadline. */
import { fileURLToPath } from 'node:url';
import { credentials, makeClientConstructor, Metadata } from '@grpc/grpc-js';
import type {
  Client,
  ClientReadableStream,
  MethodDefinition,
  ServiceDefinition,
  ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';

const CALL_TIMEOUT_MS = 5_000;

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface GrpcStub {
  call<Reply>(method: string, request: object, options?: CallOptions): Promise<Reply>;
  stream(method: string, request: object): ClientReadableStream<unknown>;
  close(): void;
}

export function loadProto(file: 'runtime-v1.proto' | 'containerd.proto'): PackageDefinition {
  const path = fileURLToPath(new URL(`../proto/${file}`, import.meta.url));
  return loadSync(path, { keepCase: true, longs: String, enums: String, defaults: true });
}

export interface StubOptions {
  readonly socket: string;
  readonly definition: PackageDefinition;
  /** As the definition names it. */
  readonly service: string;
  /** Its name on the wire, where the package of the subset differs. */
  readonly wireName?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export function openStub({
  socket,
  definition,
  service,
  wireName = service,
  metadata = {},
  timeoutMs = CALL_TIMEOUT_MS,
}: StubOptions): GrpcStub {
  const methods = definition[service] as ServiceDefinition;
  const renamed = Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, { ...method, path: `/${wireName}/${name}` }]),
  );
  const StubClient = makeClientConstructor(renamed, wireName);
  const client: Client = new StubClient(`unix://${socket}`, credentials.createInsecure());
  const headers = headersOf(metadata);
  const method = (name: string): MethodDefinition<object, unknown> => {
    const found = renamed[name];
    if (found === undefined) throw new Error(`${wireName} has no ${name}`);
    return found as MethodDefinition<object, unknown>;
  };
  return {
    call: <Reply>(name: string, request: object, options: CallOptions = {}) =>
      callOnce<Reply>(client, method(name), { request, headers, options: { timeoutMs, ...options } }),
    stream: (name, request) => {
      const { path, requestSerialize, responseDeserialize } = method(name);
      return client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        headers,
        {},
      );
    },
    close: () => client.close(),
  };
}

interface Call {
  readonly request: object;
  readonly headers: Metadata;
  readonly options: CallOptions & { readonly timeoutMs: number };
}

function callOnce<Reply>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<object, unknown>,
  { request, headers, options: { timeoutMs, signal } }: Call,
): Promise<Reply> {
  return new Promise<Reply>((resolve, reject) => {
    const cancel = (): void => running.cancel();
    const done = (error: ServiceError | null, reply?: unknown): void => {
      signal?.removeEventListener('abort', cancel);
      if (error === null) resolve(reply as Reply);
      else reject(error);
    };
    const deadline = Date.now() + timeoutMs;
    const [write, read] = [requestSerialize, responseDeserialize];
    const running = client.makeUnaryRequest(path, write, read, request, headers, { deadline }, done);
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted === true) cancel();
  });
}

/** Decodes a message that travels inside an Any. */
export function decode<T>(definition: PackageDefinition, message: string, bytes: Buffer): T {
  const { deserialize } = definition[message] as MessageTypeDefinition<object, object> & {
    deserialize?: (bytes: Buffer) => unknown;
  };
  if (deserialize === undefined) throw new Error(`no such message: ${message}`);
  return deserialize(bytes) as T;
}

function headersOf(values: Readonly<Record<string, string>>): Metadata {
  const headers = new Metadata();
  for (const [key, value] of Object.entries(values)) headers.set(key, value);
  return headers;
}
