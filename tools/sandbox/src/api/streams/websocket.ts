/**
 * WebSockets as Kubernetes uses them: binary messages whose first byte names a channel. Version 5 of the protocol can also say
 * that a channel has ended.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Upgrade } from '../http-exchange.js';

const maxMessageBytes = 1 << 20;
const channelEnded = 255;
const normalClosure = 1000;
/** Of a client that has gone while nobody read what it sent only the failure to write tells. */
const pingEveryMs = 30_000;

/** The socket ends by itself when the client errs or is found to be gone. */
export function acceptWebSocket(
  request: IncomingMessage,
  { socket, head }: Upgrade,
  protocol: string,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: () => protocol,
  });
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client has gone')));
    server.handleUpgrade(request, socket, head, (accepted) => {
      const pings = setInterval(() => accepted.ping(), pingEveryMs);
      accepted.on('error', () => undefined);
      accepted.on('close', () => clearInterval(pings));
      resolve(accepted);
    });
  });
}

export class WebSocketChannels {
  private readonly inputs = new Map<number, Readable>();

  /** `inputs`: the channels that are read; what comes for others is dropped. */
  constructor(
    private readonly socket: WebSocket,
    inputs: readonly number[],
  ) {
    for (const channel of inputs) {
      const input = new Readable({ read: () => socket.resume() });
      // A client that goes on writing after the end: what it writes is for nobody.
      input.on('error', () => undefined);
      this.inputs.set(channel, input);
    }
    socket.on('message', (data) => this.receive(bytesOf(data)));
    socket.on('close', () => {
      for (const input of this.inputs.values()) input.destroy();
    });
  }

  input(channel: number): Readable {
    const input = this.inputs.get(channel);
    if (input === undefined) throw new Error(`channel ${channel} is not read`);
    return input;
  }

  /** Resolves when the client has taken it; fails when it has gone. */
  send(channel: number, bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const message = Buffer.concat([Buffer.from([channel]), bytes]);
      this.socket.send(message, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): void {
    this.socket.close(normalClosure);
  }

  private receive(message: Buffer): void {
    const [channel = 0] = message;
    if (channel === channelEnded) return void this.inputs.get(message[1] ?? 0)?.push(null);
    const input = this.inputs.get(channel);
    if (input === undefined || input.destroyed || message.length === 1) return;
    if (!input.push(message.subarray(1))) this.socket.pause();
  }
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
