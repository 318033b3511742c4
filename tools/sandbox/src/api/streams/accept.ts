/**
 * How a client that wants to stream is met: by WebSocket, as kubectl does it since 1.30, or by SPDY, as older clients do and newer
 * ones fall back to. What neither offers is refused in words that name both sides.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Exchange, Upgrade } from '../http-exchange.js';
import { badRequest } from '../status-error.js';
import { acceptWebSocket } from './websocket.js';

export interface Offer {
  webSocket: readonly string[];
  spdy: string;
}

export type Accepted =
  { kind: 'websocket'; protocol: string; socket: WebSocket } | { kind: 'spdy'; transport: Duplex };

export async function accept(exchange: Exchange, offer: Offer): Promise<Accepted> {
  const { request, response, upgrade } = exchange;
  if (upgrade === undefined) throw badRequest('Upgrade request required');
  const wanted = (request.headers.upgrade ?? '').toLowerCase();
  const isWebSocket = wanted === 'websocket';
  if (!isWebSocket && wanted !== 'spdy/3.1')
    throw badRequest(`unable to upgrade: unknown protocol ${wanted}`);
  const header = isWebSocket ? 'sec-websocket-protocol' : 'x-stream-protocol-version';
  const protocol = agreed(
    String(request.headers[header] ?? ''),
    isWebSocket ? offer.webSocket : [offer.spdy],
  );
  response.detachSocket(upgrade.socket as Parameters<typeof response.detachSocket>[0]);
  if (!isWebSocket) return { kind: 'spdy', transport: acceptSpdy(upgrade, protocol) };
  return { kind: 'websocket', protocol, socket: await acceptWebSocket(request, upgrade, protocol) };
}

function agreed(header: string, served: readonly string[]): string {
  const asked = header.split(',').map((name) => name.trim());
  const protocol = served.find((name) => asked.includes(name));
  if (protocol !== undefined) return protocol;
  throw badRequest(
    `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], server accepts [${served.join(' ')}]`,
  );
}

function acceptSpdy({ socket, head }: Upgrade, protocol: string): Duplex {
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Connection: Upgrade',
      'Upgrade: SPDY/3.1',
      `X-Stream-Protocol-Version: ${protocol}`,
      '\r\n',
    ].join('\r\n'),
  );
  if (head.length > 0) socket.unshift(head);
  return socket;
}
