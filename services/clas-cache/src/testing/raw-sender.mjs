/**
 * Runs inside a network namespace of a test and sends whole IP packets, which leave through its rules for what goes out: one JSON list of
 * `{ hex, to }` per line on stdin, one line on stdout when all of them are on their way.
 */
import { createInterface } from 'node:readline';
import koffi from 'koffi';

const [AF_INET, AF_INET6, SOCK_RAW, IPPROTO_RAW] = [2, 10, 3, 255];
const [EPERM, EACCES] = [1, 13];
const libc = koffi.load('libc.so.6');
const open = libc.func('int socket(int domain, int type, int protocol)');
const send = libc.func(
  'long sendto(int fd, const void *data, size_t length, int flags, const void *to, uint32_t size)',
);
const parse = libc.func('int inet_pton(int family, const char *text, _Out_ uint8_t *address)');
const sockets = new Map([AF_INET, AF_INET6].map((family) => [family, open(family, SOCK_RAW, IPPROTO_RAW)]));

function sendPacket({ hex, to }) {
  const family = to.includes(':') ? AF_INET6 : AF_INET;
  const address = Buffer.alloc(family === AF_INET ? 16 : 28);
  address.writeUInt16LE(family, 0);
  const bytes = Buffer.alloc(16);
  parse(family, to, bytes);
  bytes.copy(address, family === AF_INET ? 4 : 8, 0, family === AF_INET ? 4 : 16);
  const data = Buffer.from(hex, 'hex');
  const sent = Number(send(sockets.get(family), data, data.length, 0, address, address.length));
  // A rule that drops what goes out says so to the sender.
  if (sent !== data.length && ![EPERM, EACCES].includes(koffi.errno()))
    throw new Error(`a packet to ${to} was not sent: errno ${koffi.errno()}`);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  try {
    for (const packet of JSON.parse(line)) sendPacket(packet);
    process.stdout.write('sent\n');
  } catch (error) {
    process.stdout.write(`${String(error)}\n`);
  }
});
process.stdin.on('end', () => process.exit(0));
