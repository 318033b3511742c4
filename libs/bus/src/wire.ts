/** JSON and headers on the wire, and trace context in them. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span } from '@opentelemetry/api';
import { headers as newHeaders } from 'nats';
import type { MsgHdrs } from 'nats';
import type { TraceHeaders } from './bus.js';

const tracer = trace.getTracer('@ringfence/bus');
const decoder = new TextDecoder();
const encoder = new TextEncoder();
export const NOTHING = new Uint8Array(0);

export function encode(payload: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(payload ?? null));
}

/** Throws SyntaxError. An empty payload is a tombstone: null. */
export function decode(data: Uint8Array): unknown {
  return data.length === 0 ? null : JSON.parse(decoder.decode(data));
}

export function readHeaders(headers: MsgHdrs | undefined): TraceHeaders {
  if (headers === undefined) return {};
  return Object.fromEntries(headers.keys().map((key) => [key.toLowerCase(), headers.get(key)]));
}

/** The given headers and the active span's trace context, which wins: it continues a trace that was handed in. */
export function writeHeaders(own: TraceHeaders | undefined): MsgHdrs {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  const headers = newHeaders();
  for (const [key, value] of Object.entries({ ...own, ...carrier })) headers.set(key, value);
  return headers;
}

/** Runs `work` as the continuation of the trace in `headers`; without one, nothing is recorded. */
export async function continueTrace<T>(
  name: string,
  headers: TraceHeaders,
  work: () => Promise<T>,
): Promise<T> {
  if (headers['traceparent'] === undefined) return work();
  const parent = propagation.extract(context.active(), headers);
  return inSpan(name, SpanKind.CONSUMER, parent, work);
}

/** Runs `work` as a step of the active trace, or of the one in `headers`; without either, nothing is recorded. */
export async function stepOfTrace<T>(
  name: string,
  headers: TraceHeaders | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const parent =
    headers?.['traceparent'] === undefined
      ? context.active()
      : propagation.extract(context.active(), headers);
  if (trace.getSpanContext(parent) === undefined) return work();
  return inSpan(name, SpanKind.PRODUCER, parent, work);
}

function inSpan<T>(name: string, kind: SpanKind, parent: Context, work: () => Promise<T>): Promise<T> {
  const span = tracer.startSpan(name, { kind }, parent);
  return context.with(trace.setSpan(parent, span), async () => {
    try {
      return await work();
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

function fail(span: Span, error: unknown): void {
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: error instanceof Error ? error.message : String(error),
  });
}

/** `obs.<cluster>.pod.<uid>` → `obs pod`: a span's and a label's name must not carry ids. */
export function kindOfSubject(subject: string): string {
  const [lane = '', , kind = ''] = subject.split('.');
  return `${lane} ${kind}`.trim();
}
