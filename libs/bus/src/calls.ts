/** Request/reply in the packet of Nest's NATS transport: `{pattern, data, id}` → `{response | err, isDisposed, id}`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallFailure, subjects } from '@ringfence/contracts';
import type { CallContract } from '@ringfence/contracts';
import { ErrorCode, NatsError, nuid } from 'nats';
import type { Msg } from 'nats';
import { z } from 'zod';
import type { CallContext, CallOptions, ServeOptions, Subscription } from './bus.js';
import { CallError, isTransient } from './errors.js';
import type { Link } from './link.js';
import { continueTrace, stepOfTrace } from './trace.js';
import { decode, encode, readHeaders, writeHeaders } from './wire.js';

const AT_ONCE = 256;
/** A service that is just starting or being replaced: nobody has taken the request, so asking again is safe. */
const NOBODY_PAUSES_MS = [50, 100, 200, 400];

const Request = z.object({ id: z.string().optional(), data: z.unknown() });
const Reply = z.object({ response: z.unknown().optional(), err: z.unknown().optional() });

export async function makeCall<Req extends z.ZodType, Res extends z.ZodType>(
  link: Link,
  contract: CallContract<Req, Res>,
  request: z.input<Req>,
  options: CallOptions = {},
): Promise<z.output<Res>> {
  const subject = callSubject(contract, options.suffix);
  if (!link.isConnected())
    throw CallError.of('UNAVAILABLE', 'bus-away', `${subject}: NATS is away, try again`);
  const seconds = link.metrics.histogram(
    'bus_call_seconds',
    'Calls to other services, from request to answer',
  );
  const labels = { call: `${contract.service}.${contract.method}` };
  const begun = performance.now();
  try {
    const packet = encode({ pattern: subject, data: request, id: nuid.next() });
    const reply = await stepOfTrace(`call ${labels.call}`, undefined, () =>
      ask(link, subject, packet, options.deadlineMs ?? contract.deadlineMs),
    );
    return readReply(contract, subject, reply);
  } catch (error) {
    throw error instanceof CallError ? error : notAnswered(subject, error);
  } finally {
    seconds.record((performance.now() - begun) / 1_000, labels);
  }
}

async function ask(link: Link, subject: string, packet: Uint8Array, timeout: number): Promise<Msg> {
  for (const pauseMs of [...NOBODY_PAUSES_MS, null]) {
    try {
      return await link.connection.request(subject, packet, { timeout, headers: writeHeaders(undefined) });
    } catch (error) {
      if (pauseMs === null || !(error instanceof NatsError) || error.code !== ErrorCode.NoResponders)
        throw error;
      await sleep(pauseMs);
    }
  }
  throw new Error('unreachable: the last round returns or throws');
}

export function serveCall<Req extends z.ZodType, Res extends z.ZodType>(
  link: Link,
  contract: CallContract<Req, Res>,
  handler: (request: z.output<Req>, context: CallContext) => Promise<z.input<Res>>,
  options: ServeOptions = {},
): Subscription {
  let running = 0;
  const answerTo = async (message: Msg): Promise<void> => {
    const headers = readHeaders(message.headers);
    running += 1;
    try {
      if (running > AT_ONCE)
        throw CallError.of('RESOURCE_EXHAUSTED', 'too-many-calls', 'too many calls at once, try again');
      const { id, request } = readRequest(contract, message);
      const response = await continueTrace(`serve ${contract.service}.${contract.method}`, headers, () =>
        handler(request, { subject: message.subject, headers }),
      );
      message.respond(encode({ id, response, isDisposed: true }));
    } catch (error) {
      message.respond(encode({ err: failureOf(error), isDisposed: true }));
    } finally {
      running -= 1;
    }
  };
  const subscription = link.connection.subscribe(callSubject(contract, options.suffix), {
    queue: contract.service,
    callback: (error, message) => void (error === null && answerTo(message)),
  });
  return { close: () => subscription.unsubscribe() };
}

function callSubject(contract: CallContract, suffix: string | undefined): string {
  const subject = subjects.call(contract.service, contract.method);
  return suffix === undefined ? subject : `${subject}.${suffix}`;
}

function readRequest<Req extends z.ZodType>(
  contract: CallContract<Req>,
  message: Msg,
): { id: string | undefined; request: z.output<Req> } {
  const packet = Request.safeParse(decodeOrNull(message.data));
  const request = contract.request.safeParse(packet.data?.data);
  if (!request.success) {
    const errors = request.error.issues.map((issue) => ({
      token: 'invalid-request',
      message: `${issue.path.join('.')}: ${issue.message}`,
    }));
    throw new CallError('INVALID_ARGUMENT', errors);
  }
  return { id: packet.data?.id, request: request.data };
}

function readReply<Res extends z.ZodType>(
  contract: CallContract<z.ZodType, Res>,
  subject: string,
  reply: Msg,
): z.output<Res> {
  const packet = Reply.safeParse(decodeOrNull(reply.data));
  if (!packet.success)
    throw CallError.of('INTERNAL', 'unreadable-answer', `${subject}: the answer is not a packet`);
  if (packet.data.err !== undefined && packet.data.err !== null) throw refusal(packet.data.err);
  const response = contract.response.safeParse(packet.data.response);
  if (!response.success)
    throw CallError.of('INTERNAL', 'unreadable-answer', `${subject}: ${z.prettifyError(response.error)}`);
  return response.data;
}

function refusal(err: unknown): CallError {
  const failure = CallFailure.safeParse(err);
  if (failure.success) return new CallError(failure.data.code, failure.data.errors);
  return CallError.of('INTERNAL', 'internal', 'the service failed; its log says why');
}

function notAnswered(subject: string, error: unknown): CallError {
  const code = error instanceof NatsError ? error.code : '';
  if (code === ErrorCode.Timeout) {
    return new CallError(
      'DEADLINE_EXCEEDED',
      [{ token: 'deadline-exceeded', message: `${subject} did not answer in time` }],
      { cause: error },
    );
  }
  return new CallError('UNAVAILABLE', [{ token: 'service-away', message: `nobody answers ${subject}` }], {
    cause: error,
  });
}

/** What a caller is told. A bug's message stays in the log: it may name what is nobody's business. */
export function failureOf(error: unknown): CallFailure {
  if (error instanceof CallError) return { code: error.code, errors: error.errors };
  if (isTransient(error)) {
    return {
      code: 'UNAVAILABLE',
      errors: [{ token: 'dependency-away', message: 'a dependency is away, try again' }],
    };
  }
  return {
    code: 'INTERNAL',
    errors: [{ token: 'internal', message: 'the service failed; its log says why' }],
  };
}

function decodeOrNull(data: Uint8Array): unknown {
  try {
    return decode(data);
  } catch {
    return null;
  }
}
