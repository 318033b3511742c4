/**
 * The smallest receiver of OTLP over HTTP in JSON: keeps the spans of the whole stack and gives them out, for
 * scenarios that follow a trace. `POST /v1/traces` is the protocol's; `GET /spans?trace=<id>` is ours.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Trace ids of what else led to it. */
  readonly links: readonly string[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes?: readonly Attribute[];
  readonly links?: readonly { readonly traceId: string }[];
}
interface Export {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly Attribute[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[];
  }[];
}

/** The oldest are forgotten first. */
const MOST_SPANS = 100_000;

export interface OtlpReceiver {
  readonly port: number;
  close(): Promise<void>;
}

/** On every address: the agents of the nodes live in network namespaces of their own. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    answer(request, received).then(
      (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answer(request: IncomingMessage, received: ReceivedSpan[]): Promise<string> {
  const url = new URL(request.url ?? '/', 'http://receiver');
  if (request.method === 'GET') {
    const trace = url.searchParams.get('trace');
    return JSON.stringify(trace === null ? received : received.filter(({ traceId }) => traceId === trace));
  }
  if (url.pathname !== '/v1/traces') throw new Error(`nothing is received at ${url.pathname}`);
  received.push(...spansOf((await json(request)) as Export));
  received.splice(0, Math.max(0, received.length - MOST_SPANS));
  return '{}';
}

function spansOf({ resourceSpans = [] }: Export): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const service = named(resource?.attributes)['service.name'] ?? '';
    return scopeSpans.flatMap(({ spans = [] }) =>
      spans.map(({ traceId, spanId, parentSpanId = '', name, attributes, links = [] }) => ({
        ...{ service, name, traceId, spanId, parentSpanId },
        attributes: named(attributes),
        links: links.map((link) => link.traceId),
      })),
    );
  });
}

function named(attributes: readonly Attribute[] = []): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, text(Object.values(value)[0])]));
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
