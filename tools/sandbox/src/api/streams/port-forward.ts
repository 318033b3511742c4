/**
 * `port-forward`: each connection of the client's is one program in the Pod, which connects from inside, so that it meets what
 * every other connection within the Pod meets. Over SPDY, also within a WebSocket, a connection is a pair of streams.
 */
import type { Duplex, Readable } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';
import type { Accepted, Offer } from './accept.js';
import type { RunningProgram } from './containers.js';
import { copy, into } from './copy.js';
import type { StreamSession } from './sessions.js';
import { serveSpdy } from './spdy/connection.js';
import { WebSocketChannels } from './websocket.js';

const tunnelled = 'SPDY/3.1+portforward.k8s.io';

export const forwardProtocols: Offer = {
  webSocket: [tunnelled, 'v4.channel.k8s.io'],
  spdy: 'portforward.k8s.io',
};

/** Starts what connects to a port of the Pod. */
export type Connector = (port: number) => Promise<RunningProgram>;

/** One connection's end at the client. */
interface ForwardedConnection {
  port: number;
  input: Readable;
  send(bytes: Buffer): Promise<void>;
  sendErrors(bytes: Buffer): Promise<void>;
  /** The client has given the connection up, or it has ended. */
  onClose(listener: () => void): void;
  end(): void;
}

/** Ends the session when the client has gone. `ports` are those that a client names which speaks in channels. */
export async function serveForwarding(
  accepted: Accepted,
  ports: readonly number[],
  connect: Connector,
  session: StreamSession,
): Promise<void> {
  const serve = (connection: ForwardedConnection): Promise<void> => forward(connection, connect, session);
  try {
    if (accepted.kind === 'spdy') await overSpdy(accepted.transport, serve);
    else if (accepted.protocol === tunnelled) await overSpdy(createWebSocketStream(accepted.socket), serve);
    else await overChannels(accepted.socket, ports, serve);
  } catch {
    // What the client did wrong has ended its connection.
  } finally {
    session.end();
  }
}

async function forward(
  connection: ForwardedConnection,
  connect: Connector,
  session: StreamSession,
): Promise<void> {
  try {
    const { input, output, errors, kill } = await connect(connection.port);
    session.signal.addEventListener('abort', kill);
    connection.onClose(kill);
    if (session.signal.aborted) kill();
    if (input !== undefined) void copy(connection.input, into(input), session).then(() => input.end());
    await Promise.all([
      copy(output, connection.send, session),
      errors === undefined ? undefined : copy(errors, connection.sendErrors, session),
    ]);
    session.signal.removeEventListener('abort', kill);
    kill();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await connection.sendErrors(Buffer.from(reason)).catch(() => undefined);
  } finally {
    connection.end();
  }
}

type Server = (connection: ForwardedConnection) => Promise<void>;

/** A connection's errors have a stream of their own, opened before that of its bytes. */
function overSpdy(transport: Duplex, serve: Server): Promise<void> {
  const errorStreams = new Map<string, Duplex>();
  return serveSpdy(transport, ({ headers, bytes }) => {
    const id = headers.get('requestid') ?? '';
    if (headers.get('streamtype') === 'error') return void errorStreams.set(id, bytes);
    const errors = errorStreams.get(id);
    errorStreams.delete(id);
    if (errors === undefined) return void bytes.destroy();
    void serve({
      port: Number(headers.get('port')),
      input: bytes,
      send: into(bytes),
      sendErrors: into(errors),
      onClose: (listener) => (bytes.closed ? listener() : bytes.once('close', listener)),
      end: () => [bytes, errors].forEach((stream) => stream.end()),
    });
  });
}

/** Each port is one connection, with a channel for bytes and one for errors; both begin with the port's number. */
async function overChannels(socket: WebSocket, ports: readonly number[], serve: Server): Promise<void> {
  const messages = new WebSocketChannels(
    socket,
    ports.map((_, index) => 2 * index),
  );
  const connections = ports.map(async (port, index) => {
    const [bytes, errors] = [2 * index, 2 * index + 1];
    for (const channel of [bytes, errors])
      await messages.send(channel, Buffer.from([port & 0xff, port >> 8]));
    await serve({
      port,
      input: messages.input(bytes),
      send: (chunk) => messages.send(bytes, chunk),
      sendErrors: (chunk) => messages.send(errors, chunk),
      onClose: (listener) => socket.once('close', listener),
      end: () => undefined,
    });
  });
  await Promise.all(connections);
  messages.close();
}
