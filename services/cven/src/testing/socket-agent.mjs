/**
 * Runs inside a network namespace of a test and moves real packets: one JSON command per line on stdin, one JSON answer
 * per line on stdout. Knows nothing of rules.
 */
import { createSocket } from 'node:dgram';
import { createConnection, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const TURN_MS = 20;
/** Waits in turns of this process: on a busy machine, where an answer comes late, they take as much longer. */
function inTurns(timeoutMs, then) {
  let left = Math.ceil(timeoutMs / TURN_MS);
  let timer;
  const turn = () => {
    left -= 1;
    if (left < 0) then();
    else timer = setTimeout(turn, TURN_MS);
  };
  turn();
  return { stop: () => clearTimeout(timer) };
}

/** AF_PACKET, past every rule of this namespace, as whoever has CAP_NET_RAW may send. */
async function sendFrame(device, bytes) {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load('libc.so.6');
  const index = libc.func('uint32_t if_nametoindex(const char *name)')(device);
  const fd = libc.func('int socket(int domain, int type, int protocol)')(17, 3, 0);
  const address = Buffer.alloc(20);
  address.writeUInt16LE(17, 0);
  address.writeUInt32LE(index, 4);
  const send = libc.func(
    'long sendto(int fd, const void *data, size_t length, int flags, const void *to, uint32_t size)',
  );
  const sent = Number(send(fd, bytes, bytes.length, 0, address, address.length));
  const errno = koffi.errno();
  libc.func('int close(int fd)')(fd);
  if (sent !== bytes.length) throw new Error(`the frame was not sent: errno ${errno}`);
}

const kept = new Map();
const echoServers = [];

const listenTcp = (host, port) =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const text = data.toString();
        if (text.startsWith('reset')) socket.resetAndDestroy();
        else if (text.startsWith('push')) setInterval(() => socket.write('tick'), 50).unref();
        else socket.write(data);
      });
    });
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => resolve(echoServers.push(server)));
  });

const listenUdp = (host, port) =>
  new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? { type: 'udp6', ipv6Only: true } : 'udp4');
    socket.once('error', reject);
    socket.on('message', (data, from) => socket.send(data, from.port, from.address));
    socket.bind(port, host, () => resolve(echoServers.push(socket)));
  });

const commands = {
  listen: async ({ host, tcp = [], udp = [] }) => {
    for (const port of tcp) await listenTcp(host, port);
    for (const port of udp) await listenUdp(host, port);
  },
  /** Connects, sends, waits for the echo; `keep` leaves the connection open under that name. */
  tcp: ({ from, to, port, sourcePort, timeoutMs = 400, keep, send = 'hello' }) =>
    new Promise((resolve) => {
      const socket = createConnection({ host: to, port, localAddress: from, localPort: sourcePort });
      const end = (outcome) => {
        timer.stop();
        if (keep === undefined || outcome !== 'open') socket.destroy();
        else kept.set(keep, socket);
        resolve(outcome);
      };
      const timer = inTurns(timeoutMs, () => end('closed'));
      socket.on('error', (error) =>
        end(error.code === 'ECONNREFUSED' ? 'open' : error.code === 'ECONNRESET' ? 'reset' : 'closed'),
      );
      socket.once('connect', () => socket.write(send));
      socket.once('data', () => end('open'));
    }),
  /** Sends over a kept connection and waits for any data. */
  say: ({ name, text = 'again', timeoutMs = 400 }) =>
    new Promise((resolve) => {
      const socket = kept.get(name);
      const timer = inTurns(timeoutMs, () => end('closed'));
      const end = (outcome) => {
        timer.stop();
        socket.removeListener('data', heard);
        resolve(outcome);
      };
      const heard = () => end('open');
      socket.on('data', heard);
      if (text !== '') socket.write(text);
    }),
  udp: ({ from, to, port, timeoutMs = 400 }) =>
    new Promise((resolve) => {
      const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
      const end = (outcome) => {
        timer.stop();
        socket.close();
        resolve(outcome);
      };
      const timer = inTurns(timeoutMs, () => end('closed'));
      socket.on('error', () => end('closed'));
      socket.once('message', () => end('open'));
      socket.bind({ address: from }, () => socket.send('hello', port, to, (error) => error && end('closed')));
    }),
  /** A stream of datagrams without waiting; answers how many the kernel took. */
  flood: async ({ from, to, port, count, gapMs = 0, size = 10 }) => {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.bind({ address: from }, resolve));
    let sent = 0;
    for (let i = 0; i < count; i += 1) {
      await new Promise((resolve) =>
        socket.send(Buffer.alloc(size), port, to, (error) => resolve((sent += error ? 0 : 1))),
      );
      if (gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs));
    }
    socket.close();
    return sent;
  },
  frame: ({ device, hex }) => sendFrame(device, Buffer.from(hex, 'hex')),
  drop: ({ name }) => Promise.resolve(kept.get(name)?.destroy() && kept.delete(name)),
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, command, ...args } = JSON.parse(line);
  try {
    const value = (await commands[command](args)) ?? null;
    process.stdout.write(`${JSON.stringify({ id, value })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ id, error: String(error) })}\n`);
  }
});
process.stdin.on('end', () => process.exit(0));
