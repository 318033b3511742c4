/**
 * Runs in a node's namespace beside its Pods and sees every connection that gets through: those that Pods make to the port
 * `listen`, and those that it makes itself, without pause, to the port `probe` of every address that a Pod may get.
 * Prints the Pod's address once per direction: "out 10.0.0.7", "in 10.0.0.7". Ends with its input.
 */
import { createConnection, createServer } from 'node:net';

const [listen, probe, prefix, first, last] = process.argv.slice(2);
const said = new Set();
const say = (line) => {
  if (said.has(line)) return;
  said.add(line);
  process.stdout.write(`${line}\n`);
};

createServer((socket) => {
  say(`out ${socket.remoteAddress.replace('::ffff:', '')}`);
  socket.on('error', () => undefined);
  socket.end();
}).listen({ host: '0.0.0.0', port: Number(listen) }, () => say('ready'));

const attempt = (host) => {
  const socket = createConnection({ host, port: Number(probe) });
  // Well below the kernel's first retransmission: a new SYN each time.
  const timer = setTimeout(() => socket.destroy(), 150);
  socket.on('connect', () => say(`in ${host}`));
  // Refused: the address is there already and nothing runs behind it yet.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearTimeout(timer);
    setTimeout(() => attempt(host), 10);
  });
};
for (let n = Number(first); n <= Number(last); n += 1) attempt(`${prefix}.${n}`);
process.stdin.on('end', () => process.exit(0)).resume();
