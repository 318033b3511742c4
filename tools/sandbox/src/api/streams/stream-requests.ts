/**
 * The subresources of a Pod that are streams: `log`, `exec`, `attach`, `portforward`.
 *
 *   client ── WebSocket or SPDY ── channels ── program in the container (a node's business)
 */
import type { Cluster } from '../cluster.js';
import type { Exchange } from '../http-exchange.js';
import type { Pod } from '../kube-object.js';
import { badRequest, StatusError } from '../status-error.js';
import { accept, type Accepted, type Offer } from './accept.js';
import { attachedLog } from './attached-log.js';
import { serveCommand } from './command.js';
import { commandChannels, type CommandFlags, commandProtocols } from './command-channels.js';
import type { Containers, PodLogOptions, ProgramStarter, RunningProgram } from './containers.js';
import { logHasEnded, sendLog } from './log-request.js';
import { containerName, forwardingContainer, runningContainer } from './pod-container.js';
import { forwardProtocols, serveForwarding } from './port-forward.js';
import { type StreamSession, StreamSessions } from './sessions.js';

export type StreamSubresource = 'log' | 'exec' | 'attach' | 'portforward';

const fromNowOn: Omit<PodLogOptions, 'hasEnded' | 'signal'> = {
  follow: true,
  tailLines: 0,
  since: undefined,
  timestamps: false,
  previous: false,
};
/** How long a client may take to read what a program has written last, and close. */
const closingMs = 30_000;
const maxPorts = 32;
/** busybox's, which passes on that one side has finished. */
const connector = (port: number): string[] => ['busybox', 'nc', '127.0.0.1', String(port)];

export class StreamRequests {
  private containers: Containers | undefined;
  private readonly sessions: StreamSessions;

  constructor(private readonly cluster: Cluster) {
    this.sessions = new StreamSessions(cluster);
  }

  useContainers(containers: Containers): void {
    this.containers = containers;
  }

  close(): void {
    this.sessions.endAll();
  }

  async handle(exchange: Exchange, pod: Pod, subresource: StreamSubresource): Promise<void> {
    const { containers } = this;
    if (containers === undefined) throw badRequest(`no node runs pod "${pod.metadata.name}"`);
    if (subresource === 'log') return sendLog(exchange, this.cluster, containers, pod);
    if (subresource === 'exec') return this.exec(exchange, containers, pod);
    if (subresource === 'attach') return this.attach(exchange, containers, pod);
    return this.forward(exchange, containers, pod);
  }

  private async exec(exchange: Exchange, { startProgram }: Containers, pod: Pod): Promise<void> {
    const { query } = exchange;
    const start = requirePrograms(startProgram);
    const command = query.getAll('command');
    if (command.length === 0) throw badRequest('you must specify at least 1 command for the container');
    const container = runningContainer(pod, containerName(pod, query.get('container')));
    const flags = flagsOf(query);
    await this.command(exchange, pod, flags, () => start({ ...container, ...flags, command }));
  }

  private async attach(exchange: Exchange, { readLog }: Containers, pod: Pod): Promise<void> {
    const { name, namespace = 'default' } = pod.metadata;
    const container = containerName(pod, exchange.query.get('container'));
    runningContainer(pod, container);
    const flags = flagsOf(exchange.query);
    const hasEnded = logHasEnded(this.cluster, pod, container);
    const said = (signal: AbortSignal) =>
      readLog(namespace, name, container, { ...fromNowOn, hasEnded, signal });
    await this.command(exchange, pod, flags, () => Promise.resolve(attachedLog(said, flags)));
  }

  private async command(
    exchange: Exchange,
    pod: Pod,
    flags: CommandFlags,
    start: () => Promise<RunningProgram>,
  ): Promise<void> {
    const { accepted, session } = await this.begin(exchange, commandProtocols, pod, closingMs);
    try {
      await serveCommand(await commandChannels(accepted, flags, session), start, session);
    } catch {
      // The client has gone: nobody is left to be told.
    } finally {
      session.end();
    }
  }

  private async forward(exchange: Exchange, { startProgram }: Containers, pod: Pod): Promise<void> {
    const start = requirePrograms(startProgram);
    const ports = exchange.query.getAll('ports').flatMap((text) => text.split(',').map(portNumber));
    if (ports.length > maxPorts) throw badRequest(`at most ${maxPorts} ports are forwarded at once`);
    const container = forwardingContainer(pod);
    const { accepted, session } = await this.begin(exchange, forwardProtocols, pod, 0);
    const connect = (port: number): Promise<RunningProgram> =>
      start({ ...container, command: connector(portNumber(port)), hasInput: true, hasTerminal: false });
    await serveForwarding(accepted, ports, connect, session);
  }

  /** From here on the client is told nothing any more by HTTP. */
  private async begin(
    exchange: Exchange,
    offer: Offer,
    pod: Pod,
    closesAfterMs: number,
  ): Promise<{ accepted: Accepted; session: StreamSession }> {
    const session = this.sessions.begin(pod);
    try {
      const accepted = await accept(exchange, offer);
      tie(accepted, session, closesAfterMs);
      return { accepted, session };
    } catch (error) {
      session.end();
      throw error;
    }
  }
}

/** A client that leaves ends the session; a session that ends closes the connection, if the client has not done so by then. */
function tie(accepted: Accepted, session: StreamSession, closesAfterMs: number): void {
  const close =
    accepted.kind === 'spdy' ? () => accepted.transport.destroy() : () => accepted.socket.terminate();
  const connection = accepted.kind === 'spdy' ? accepted.transport : accepted.socket;
  connection.once('close', () => session.end());
  session.signal.addEventListener('abort', () => setTimeout(close, closesAfterMs).unref());
}

function requirePrograms(startProgram: Containers['startProgram']): ProgramStarter {
  if (typeof startProgram !== 'string') return startProgram;
  throw new StatusError(501, 'NotImplemented', startProgram);
}

function flagsOf(query: URLSearchParams): CommandFlags {
  const isSet = (name: string): boolean => query.get(name) === 'true' || query.get(name) === '1';
  return {
    hasInput: isSet('stdin'),
    hasOutput: isSet('stdout'),
    hasErrors: isSet('stderr'),
    hasTerminal: isSet('tty'),
  };
}

function portNumber(text: string | number): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port <= 0xffff) return port;
  throw badRequest(`ports must be between 1 and 65535, not "${text}"`);
}
