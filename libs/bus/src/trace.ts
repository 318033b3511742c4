/**
 * Spans around messages. A trace is only ever continued here: what comes without one is not recorded. Where many causes
 * are settled by one piece of work, the first is continued and the others are linked.
 */
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Link, Span } from '@opentelemetry/api';
import { parseSubject } from '@ringfence/contracts';
import type { TraceHeaders } from './bus.js';

const tracer = trace.getTracer('@ringfence/bus');
/** A span names at most so many of its causes. */
const MOST_CAUSES = 32;

/** Runs `work` as the continuation of the trace in `headers`; without one, nothing is recorded. */
export async function continueTrace<T>(
  name: string,
  headers: TraceHeaders,
  work: () => Promise<T>,
  attributes: Attributes = {},
): Promise<T> {
  if (headers['traceparent'] === undefined) return work();
  const parent = propagation.extract(context.active(), headers);
  return inSpan(name, { kind: SpanKind.CONSUMER, attributes, parent }, work);
}

/** Runs `work` as a step of the active trace, or of the one in `headers`; without either, nothing is recorded. */
export async function stepOfTrace<T>(
  name: string,
  headers: TraceHeaders | undefined,
  work: () => Promise<T>,
  attributes: Attributes = {},
): Promise<T> {
  const parent =
    headers?.['traceparent'] === undefined
      ? context.active()
      : propagation.extract(context.active(), headers);
  if (trace.getSpanContext(parent) === undefined) return work();
  return inSpan(name, { kind: SpanKind.PRODUCER, attributes, parent }, work);
}

/**
 * Runs `work` as what follows from all of `causes`; without any, outside of every trace. Work that is done at once
 * gives its result at once.
 */
export function continueTraces<T>(
  name: string,
  causes: readonly TraceHeaders[],
  work: () => T,
  attributes: Attributes = {},
): T {
  const contexts = causes.map((headers) => propagation.extract(ROOT_CONTEXT, headers));
  const [parent, ...others] = contexts.filter((each) => trace.getSpanContext(each) !== undefined);
  if (parent === undefined) return context.with(ROOT_CONTEXT, work);
  const links = others.map((each): Link => ({ context: trace.getSpanContext(each)! }));
  return inSpan(name, { kind: SpanKind.CONSUMER, attributes, links, parent }, work);
}

/** The traces that wait for a piece of work. Bounded; the earliest count. */
export class Causes {
  private waiting = new Map<string, TraceHeaders>();

  /** The active trace, or the one in `headers`. */
  add(headers: TraceHeaders = activeHeaders()): void {
    const { traceparent } = headers;
    if (traceparent !== undefined && this.waiting.size < MOST_CAUSES) this.waiting.set(traceparent, headers);
  }

  /** They are given out once. */
  take(): TraceHeaders[] {
    const taken = [...this.waiting.values()];
    this.waiting.clear();
    return taken;
  }
}

/** W3C headers of the active span; empty without one. */
export function activeHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** What the active span is about, where that is known only once its message is read. */
export function describeSpan(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}

const LANES: Readonly<Record<string, string>> = {
  obs: 'observation',
  evt: 'event',
  ack: 'acknowledgement',
  flow: 'flow batch',
  policy: 'policy',
  dead: 'dead letter',
};

/** `obs.<cluster>.pod.<uid>` → `pod observation`: a span's name must not carry ids. */
export function wordsOfSubject(subject: string): string {
  const { lane, kind } = parseSubject(subject);
  return lane === 'policy' || lane === 'flow'
    ? `${LANES[lane]}: ${kind}`
    : `${kind} ${LANES[lane] ?? lane}`.trim();
}

/** The id that a span's name must not carry. */
export function attributesOfSubject(subject: string): Attributes {
  const { cluster } = parseSubject(subject);
  return { 'messaging.destination.name': subject, 'ringfence.cluster': cluster };
}

interface SpanShape {
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly links?: Link[];
  readonly parent: Context;
}

function inSpan<T>(name: string, { parent, ...options }: SpanShape, work: () => T): T {
  const span = tracer.startSpan(name, options, parent);
  try {
    const result = context.with(trace.setSpan(parent, span), work);
    if (!(result instanceof Promise)) return ended(span, result);
    return result.then(
      (value: unknown) => ended(span, value),
      (error: unknown) => failed(span, error),
    ) as T;
  } catch (error) {
    return failed(span, error);
  }
}

function ended<T>(span: Span, value: T): T {
  span.end();
  return value;
}

function failed(span: Span, error: unknown): never {
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: error instanceof Error ? error.message : String(error),
  });
  span.end();
  throw error;
}
