/**
 * The agent's end of the plugin's question: a unix socket that only root can open, one line in, one line out. Connections,
 * line length and time are bounded; whoever breaks a bound is hung up on, and the plugin takes that for an agent that
 * is away. The socket's file is everybody's who is root: an agent that ends takes away what is by then its successor's.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { BirthGate, Verdict } from './birth-gate.js';
import { parseBirthRequest } from './birth-request.js';

export interface BirthServerOptions {
  readonly path: string;
  readonly gate: BirthGate;
  readonly onAnswer: (verdict: Verdict, seconds: number) => void;
  readonly onRefused: (why: string) => void;
  readonly onError: (error: unknown) => void;
}

export const MOST_CONNECTIONS = 256;
export const LONGEST_LINE = 16 * 1024;
/** A little longer than the plugin has patience. */
const LONGEST_QUESTION_MS = 15_000;
/** What the kernel's table of unix sockets has room for. */
const LONGEST_PATH = 107;

export class BirthServer {
  private server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(private readonly options: BirthServerOptions) {
    this.server = this.newServer();
  }

  /** Also anew, where nobody is reached by the path any more. */
  async listen(): Promise<void> {
    const { path, onError } = this.options;
    if (this.server.listening) {
      // Who asks already is still answered. Before there is another file: this one's goes with it.
      this.server.close();
      this.server = this.newServer();
    }
    if (Buffer.byteLength(path) > LONGEST_PATH) throw new Error(`${path} is too long for a socket`);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Of an earlier agent that was killed: nobody listens there.
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(path, () => {
        this.server.off('error', reject).on('error', onError);
        resolve();
      });
    });
    chmodSync(path, 0o600);
  }

  get isListening(): boolean {
    return this.server.listening;
  }

  /** Whether the plugin would reach anybody. */
  isReachable(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.options.path);
      socket.once('error', () => resolve(false));
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
    });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise<void>((resolve) => void this.server.close(() => resolve()));
  }

  private newServer(): Server {
    const server = createServer((socket) => this.serve(socket));
    server.maxConnections = MOST_CONNECTIONS;
    return server.on('drop', () => this.options.onRefused('too many connections'));
  }

  private serve(socket: Socket): void {
    const abandoned = new AbortController();
    let received = '';
    this.sockets.add(socket);
    socket.setEncoding('utf8');
    socket.setTimeout(LONGEST_QUESTION_MS, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      abandoned.abort();
    });
    const take = (chunk: string): void => {
      received += chunk;
      const end = received.indexOf('\n');
      if (end < 0 && received.length <= LONGEST_LINE) return;
      socket.off('data', take);
      // Read on and thrown away: only so the end of the other side is noticed.
      socket.resume();
      if (end < 0) return this.refuse(socket, 'a line without an end');
      void this.answer(socket, received.slice(0, end), abandoned.signal);
    };
    socket.on('data', take);
  }

  private async answer(socket: Socket, line: string, abandoned: AbortSignal): Promise<void> {
    const request = parseBirthRequest(line);
    if (request === undefined) return this.refuse(socket, 'no request');
    if (request.command === 'del') {
      socket.end();
      return this.options.gate.del(request.container);
    }
    const started = performance.now();
    const verdict = await this.options.gate.add(request, abandoned);
    if (abandoned.aborted) return;
    this.options.onAnswer(verdict, (performance.now() - started) / 1000);
    socket.end('go' in verdict ? 'go\n' : `no ${oneLine(verdict.no)}\n`);
  }

  private refuse(socket: Socket, why: string): void {
    this.options.onRefused(why);
    socket.destroy();
  }
}

/** The plugin has room for so much, and it ends in an event of Kubernetes. */
function oneLine(sentence: string): string {
  return sentence.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500);
}
