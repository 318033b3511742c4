/**
 * Tracing for one process: W3C context is always carried on; spans leave the process only when an OTLP endpoint is
 * configured. The control plane has the whole Node SDK, the edge its tracing parts: docs/decisions/0004 says what each costs.
 */
import { context, isSpanContextValid, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { VERSION } from '@ringfence/contracts';
import type { Attributes } from '@opentelemetry/api';
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Resource } from '@opentelemetry/resources';
import type { Zone } from './host.js';

export interface Telemetry {
  /** Sends what is left. */
  stop(): Promise<void>;
}
export interface TelemetryOptions {
  readonly resource: Resource;
  /** Undefined: spans stay in the process. */
  readonly exporter: OTLPTraceExporter | undefined;
}

export async function startTelemetry(
  service: string,
  zone: Zone,
  otlpEndpoint: string | undefined,
): Promise<Telemetry> {
  const { startSdk } = zone === 'edge' ? await import('./small-sdk.js') : await import('./node-sdk.js');
  return startSdk({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': VERSION }),
    exporter: otlpEndpoint === undefined ? undefined : await exporterTo(otlpEndpoint),
  });
}

async function exporterTo(endpoint: string): Promise<OTLPTraceExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
}

/** Runs `work` in a span of its own: the root of a trace, or a step of the active one. */
export async function startTrace<T>(
  name: string,
  work: () => Promise<T> | T,
  attributes: Attributes = {},
): Promise<T> {
  return trace.getTracer('@ringfence/service-host').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: error instanceof Error ? error.message : String(error),
      });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** W3C headers of the active span; empty without one. */
export function activeTraceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** Runs `work` as the continuation of a trace that came in headers. */
export function withTraceHeaders<T>(headers: Readonly<Record<string, string>>, work: () => T): T {
  return context.with(propagation.extract(context.active(), headers), work);
}

/** For log lines. */
export function activeTraceIds(): { trace_id?: string; span_id?: string } {
  const span = trace.getSpanContext(context.active());
  return span !== undefined && isSpanContextValid(span)
    ? { trace_id: span.traceId, span_id: span.spanId }
    : {};
}
