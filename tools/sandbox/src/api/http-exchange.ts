/** One request and its answer: reading the body with its limit, writing JSON, and turning failures into Status objects. */
import type { IncomingMessage } from 'node:http';
import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { parse as parseYaml } from 'yaml';
import { objectFromProtobuf, protobufType } from './protobuf-body.js';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.js';

/** The limit of a stock API server. */
const maxBodyBytes = 3 * 1024 * 1024;

/** The connection of a client that wants to go on in another protocol, and what it has already said in it. */
export interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
}

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade?: Upgrade;
}

export function exchangeOf(request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): Exchange {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const accept = request.headers.accept ?? '*/*';
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    accept,
    request,
    response,
    ...(upgrade === undefined ? {} : { upgrade }),
  };
}

/** An answer to a client that asked for another protocol and does not get it; the connection ends with it. */
export function plainResponse(request: IncomingMessage, { socket }: Upgrade): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.on('finish', () => socket.end());
  return response;
}

export function contentTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
}

export async function readBody(request: IncomingMessage): Promise<string> {
  return (await readBytes(request)).toString('utf8');
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes)
      throw new StatusError(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${maxBodyBytes}`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as a value; an empty body is undefined. */
export async function readObject(request: IncomingMessage): Promise<unknown> {
  const type = contentTypeOf(request);
  const bytes = await readBytes(request);
  if (bytes.length > 0 && type === protobufType) return objectFromProtobuf(bytes);
  const text = bytes.toString('utf8');
  if (text.trim() === '') return undefined;
  if (type.includes('yaml')) return parseText(text, parseYamlOrJson);
  if (!type.includes('json') && type !== 'text/plain' && type !== 'application/x-www-form-urlencoded')
    throw unsupportedMediaType(type);
  return parseText(text, JSON.parse);
}

/** JSON is YAML; read as what it is, it takes a fiftieth of the time. */
export function parseYamlOrJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return parseYaml(text) as unknown;
  }
}

export function parseText(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw badRequest(
      `couldn't parse the body of the request: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export function sendJson(response: ServerResponse, code: number, body: unknown): void {
  sendText(response, code, JSON.stringify(body), 'application/json');
}

export function sendText(response: ServerResponse, code: number, text: string | Buffer, type: string): void {
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
  });
  response.end(text);
}

export function sendFailure(response: ServerResponse, error: unknown): void {
  const failure =
    error instanceof StatusError
      ? error
      : new StatusError(500, 'InternalError', `Internal error occurred: ${String(error)}`);
  // Once a stream has begun the only way left to say "failed" is to break it off.
  if (response.headersSent) response.destroy();
  else {
    if (failure.code === 413) response.setHeader('connection', 'close');
    sendJson(response, failure.code, failure.toStatus());
  }
}
