/**
 * What every HTTP listener that strangers reach has in common: so many connections, in all and from one address, a bound on
 * the time that a request takes to arrive, and the API's form of errors even where no request could be read.
 */
import { STATUS_CODES } from 'node:http';
import type { Server } from 'node:net';
import type { Socket } from 'node:net';
import type { ErrorToken } from '@ringfence/contracts';

export interface DoorLimits {
  /** A whole request, body included, must have arrived by then; its headers within a third of it. */
  readonly arrivalMs: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

const LARGEST_HEADERS_BYTES = 16 * 1024;

/** For Fastify. Node looks for late requests at an interval; its own of 30 s would make every bound up to 30 s longer. */
export function doorOptions(
  { arrivalMs }: DoorLimits,
  onRefused: (token: ErrorToken, status: number) => void,
) {
  return {
    requestTimeout: arrivalMs,
    listener: {
      requestTimeout: arrivalMs,
      headersTimeout: Math.ceil(arrivalMs / 3),
      handshakeTimeout: arrivalMs,
      connectionsCheckingInterval: Math.min(1_000, arrivalMs / 4),
      maxHeaderSize: LARGEST_HEADERS_BYTES,
    },
    clientErrorHandler: (error: Error & { code?: string }, socket: Socket): void => {
      const { status, token, message } = unreadable(error.code);
      onRefused(token, status);
      if (socket.writable) socket.write(rawAnswer(status, [{ token, message }]));
      socket.destroy();
    },
  } as const;
}

/** Beyond the bounds a connection is closed before anything of it is read. Returns how many were, for a gauge. */
export function boundConnections(server: Server, limits: DoorLimits, onDropped: () => void): void {
  const open = new Map<string, number>();
  server.maxConnections = limits.connections;
  server.on('drop', onDropped);
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    if (count > limits.connectionsPerAddress) {
      onDropped();
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

interface Unreadable {
  readonly status: number;
  readonly token: ErrorToken;
  readonly message: string;
}

function unreadable(code: string | undefined): Unreadable {
  if (code === 'HPE_HEADER_OVERFLOW')
    return {
      status: 431,
      token: 'request_headers_too_large',
      message: 'the headers are larger than this server takes',
    };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { status: 408, token: 'request_timeout', message: 'the request did not arrive in time' };
  return { status: 400, token: 'invalid_request', message: 'this is no HTTP request' };
}

function rawAnswer(status: number, errors: readonly object[]): string {
  const body = JSON.stringify(errors);
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    'x-content-type-options: nosniff',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  return `${headers.join('\r\n')}\r\n\r\n${body}`;
}
