/**
 * A small process inside a network namespace: connects, throws datagrams, listens, and tells what became of each with the
 * machine's monotonic time. Its name introduces every packet, so that an arrival names its sender. It judges nothing.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { now } from './clock.js';
import type { Outcome } from './model.js';
import type { Order, Report, Target } from './prober-messages.js';

/** Two repetitions of TCP fit in. */
const TIMEOUT_MS = 3_500;
const SWEEP_TIMEOUT_MS = 800;
const SWEEP_DATAGRAM_MS = 100;
const SWEEP_CONNECTION_MS = 500;
const GREETING_MS = 400;

const name = process.argv[2] ?? '';
const greeting = (): string => `hello from ${name} at ${now().toFixed(1)}\n`;

function tell(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** The first answer, or `dropped`. A machine that is busy runs timers first: what has come in meanwhile is read before the verdict. */
function within(ms: number, begin: (end: (outcome: Outcome) => void) => () => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const late = (): void => void setImmediate(() => setImmediate(() => end('dropped')));
    const timer = setTimeout(late, ms);
    const close = begin((outcome) => end(outcome));
    function end(outcome: Outcome): void {
      clearTimeout(timer);
      close();
      resolve(outcome);
    }
  });
}

function overTcp({ host, port }: Target, timeoutMs: number): Promise<Outcome> {
  return within(timeoutMs, (end) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.write(greeting());
      end('open');
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code === 'ECONNREFUSED' ? 'refused' : 'dropped'),
    );
    // What was said must go out; a connection that never came has nothing to say.
    return () => (socket.connecting ? socket.destroy() : socket.destroySoon());
  });
}

function overUdp({ host, port }: Target, timeoutMs: number): Promise<Outcome> {
  return within(timeoutMs, (end) => {
    const socket = createSocket('udp4');
    socket.once('message', () => end('open'));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code === 'ECONNREFUSED' ? 'refused' : 'dropped'),
    );
    socket.connect(port, host, () => socket.send(greeting()));
    let isOpen = true;
    return () => {
      if (isOpen) socket.close();
      isOpen = false;
    };
  });
}

async function attempt(target: Target, round?: string): Promise<void> {
  const began = now();
  const outcome = await (target.proto === 6 ? overTcp : overUdp)(target, TIMEOUT_MS);
  const { host, port, proto } = target;
  tell({
    kind: 'attempt',
    host,
    port,
    proto,
    began,
    ended: now(),
    outcome,
    ...(round !== undefined && { round }),
  });
}

let calling: NodeJS.Timeout | undefined;
function callInTurn(targets: readonly Target[], everyMs: number): void {
  clearInterval(calling);
  if (targets.length === 0) return;
  let turn = Math.floor(now());
  calling = setInterval(() => void attempt(targets[(turn += 1) % targets.length]!), everyMs);
}

async function round(token: string, targets: readonly Target[]): Promise<void> {
  await Promise.all(targets.map((target) => attempt(target, token)));
  tell({ kind: 'round-done', token });
}

let sweeping: NodeJS.Timeout[] = [];
const sweeper = createSocket('udp4');
let sweptPort = 0;
sweeper.on('error', () => undefined);
sweeper.on('message', (data, { address, port }) => {
  if (port !== sweptPort) return;
  const ended = now();
  const began = sentAt(data.toString()) ?? ended;
  tell({ kind: 'attempt', host: address, port, proto: 17, began, ended, outcome: 'open' });
});

async function knock(host: string, port: number): Promise<void> {
  const began = now();
  const outcome = await overTcp({ host, port, proto: 6 }, SWEEP_TIMEOUT_MS);
  if (outcome !== 'dropped') tell({ kind: 'attempt', host, port, proto: 6, began, ended: now(), outcome });
}

function sweep(addresses: readonly string[], tcp: number, udp: number): void {
  for (const timer of sweeping) clearInterval(timer);
  sweptPort = udp;
  const throwDatagrams = (): void =>
    addresses.forEach((address) => sweeper.send(greeting(), udp, address, () => undefined));
  const throwConnections = (): void => addresses.forEach((address) => void knock(address, tcp));
  sweeping = [
    setInterval(throwDatagrams, SWEEP_DATAGRAM_MS),
    setInterval(throwConnections, SWEEP_CONNECTION_MS),
  ];
}

function sentAt(text: string): number | null {
  const at = / at ([\d.]+)/.exec(text)?.[1];
  return at === undefined ? null : Number(at);
}

/** What it says about itself; a stub's words have no time. */
function arrived(text: string): { began: number; ended: number; sender: string | null } {
  const ended = now();
  return { began: sentAt(text) ?? ended, ended, sender: /hello from (\S+)/.exec(text)?.[1] ?? null };
}

function listenTcp(port: number): void {
  const server = createServer((socket) => {
    const address = socket.remoteAddress ?? '';
    const accepted = now();
    let isTold = false;
    const say = (text: string): void => {
      if (isTold) return;
      isTold = true;
      const said = arrived(text);
      tell({ kind: 'arrival', proto: 6, port, address, ...said, began: Math.min(said.began, accepted) });
    };
    socket.once('data', (data) => say(data.toString()));
    socket.on('error', () => say(''));
    socket.once('close', () => say(''));
    // A connection without a word has arrived all the same.
    setTimeout(() => {
      say('');
      socket.destroy();
    }, GREETING_MS);
  });
  server.listen(port, () => tell({ kind: 'listening', proto: 6, port }));
}

function listenUdp(port: number): void {
  const socket = createSocket('udp4');
  socket.on('message', (data, { address, port: from }) => {
    tell({ kind: 'arrival', proto: 17, port, address, ...arrived(data.toString()) });
    socket.send(data, from, address);
  });
  socket.bind(port, () => tell({ kind: 'listening', proto: 17, port }));
}

function obey(order: Order): void {
  switch (order.kind) {
    case 'listen':
      return order.proto === 6 ? listenTcp(order.port) : listenUdp(order.port);
    case 'call':
      return callInTurn(order.targets, order.everyMs);
    case 'sweep':
      return sweep(order.addresses, order.tcp, order.udp);
    case 'round':
      return void round(order.token, order.targets);
  }
}

const orders = createInterface({ input: process.stdin });
orders.on('line', (line) => obey(JSON.parse(line) as Order));
// Whoever started it is gone.
orders.once('close', () => process.exit(0));
