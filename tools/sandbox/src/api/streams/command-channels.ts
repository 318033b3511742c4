/**
 * What a client of `exec` and `attach` sees of a program, over either protocol: channels (or streams) for input, output, errors and
 * the terminal's size, and one on which the server says how it ended.
 */
import type { Duplex, Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Status } from '../status-error.js';
import type { Accepted, Offer } from './accept.js';
import { into } from './copy.js';
import type { StreamSession } from './sessions.js';
import { openedStreams } from './spdy/opened-streams.js';
import { WebSocketChannels } from './websocket.js';

export interface CommandFlags {
  hasInput: boolean;
  hasOutput: boolean;
  hasErrors: boolean;
  hasTerminal: boolean;
}

export type Outcome = Pick<Status, 'metadata' | 'status'> & Partial<Status>;

export interface CommandChannels {
  /** Ends with the client's input; nothing when the client sends none. */
  readonly input: Readable | undefined;
  readonly sizes: Readable | undefined;
  /** Fail when the client has gone. */
  sendOutput(bytes: Buffer): Promise<void>;
  sendErrors(bytes: Buffer): Promise<void>;
  finish(outcome: Outcome): Promise<void>;
}

export const commandProtocols: Offer = {
  webSocket: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
  spdy: 'v4.channel.k8s.io',
};

export function commandChannels(
  accepted: Accepted,
  flags: CommandFlags,
  session: StreamSession,
): Promise<CommandChannels> | CommandChannels {
  if (accepted.kind === 'websocket') return overWebSocket(accepted.socket, flags);
  return overSpdy(accepted.transport, flags, session);
}

const channels = { input: 0, output: 1, errors: 2, outcome: 3, sizes: 4 };

function overWebSocket(socket: WebSocket, flags: CommandFlags): CommandChannels {
  const read = [...(flags.hasInput ? [channels.input] : []), ...(flags.hasTerminal ? [channels.sizes] : [])];
  const messages = new WebSocketChannels(socket, read);
  return {
    input: flags.hasInput ? messages.input(channels.input) : undefined,
    sizes: flags.hasTerminal ? messages.input(channels.sizes) : undefined,
    sendOutput: (bytes) => messages.send(channels.output, bytes),
    sendErrors: (bytes) => messages.send(channels.errors, bytes),
    finish: async (outcome) => {
      await messages.send(channels.outcome, Buffer.from(JSON.stringify(outcome)));
      messages.close();
    },
  };
}

async function overSpdy(
  transport: Duplex,
  flags: CommandFlags,
  session: StreamSession,
): Promise<CommandChannels> {
  const names = [
    'error',
    ...(flags.hasInput ? ['stdin'] : []),
    ...(flags.hasOutput ? ['stdout'] : []),
    ...(flags.hasErrors && !flags.hasTerminal ? ['stderr'] : []),
    ...(flags.hasTerminal ? ['resize'] : []),
  ];
  const streams = await openedStreams(transport, names, session);
  const send = (name: string) => async (bytes: Buffer) => {
    const stream = streams.get(name);
    if (stream !== undefined) await into(stream)(bytes);
  };
  return {
    input: streams.get('stdin'),
    sizes: streams.get('resize'),
    sendOutput: send('stdout'),
    sendErrors: send('stderr'),
    finish: async (outcome) => {
      await send('error')(Buffer.from(JSON.stringify(outcome)));
      for (const name of ['stdout', 'stderr', 'error']) streams.get(name)?.end();
    },
  };
}
