/**
 * The process behind the cluster's name-server Pod: it runs inside that Pod's network namespace, answers on port 53 (UDP and
 * TCP), and gets the zone from the node agent over the process channel. It ends when the channel closes: a process left behind
 * would keep the Pod's namespace alive.
 */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { encodeAnswer, parseQuestion, responseCodes } from './dns-message.js';
import { lookup, type Zone } from './zone.js';

const port = 53;
const idleConnectionMs = 10_000;
const maxConnections = 128;

let zone: Zone = { addresses: {}, services: {} };

process.on('message', (message: Zone) => {
  zone = message;
});
process.on('disconnect', () => process.exit(0));

function answer(message: Buffer): Buffer | undefined {
  const question = parseQuestion(message);
  if (question === undefined) return undefined;
  const found = lookup(zone, question.name, question.type);
  return encodeAnswer(
    question,
    found.exists ? responseCodes.ok : responseCodes.nameError,
    found.exists ? found.answers : [],
  );
}

const datagrams = createSocket('udp4');
datagrams.on('message', (message, from) => {
  const reply = answer(message);
  if (reply !== undefined) datagrams.send(reply, from.port, from.address);
});
// A caller that has vanished may be reported on the next send; the server goes on.
datagrams.on('error', (error) => process.stderr.write(`${error.message}\n`));
datagrams.bind(port);

const streams = createServer((socket) => serveStream(socket));
streams.maxConnections = maxConnections;
streams.listen(port);

function serveStream(socket: Socket): void {
  let received = Buffer.alloc(0);
  socket.setTimeout(idleConnectionMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
      const end = received.readUInt16BE(0) + 2;
      const reply = answer(received.subarray(2, end));
      received = received.subarray(end);
      if (reply === undefined) {
        socket.destroy();
        return;
      }
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    }
  });
}
