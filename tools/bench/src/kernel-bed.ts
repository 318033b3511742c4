/** A Pod's namespace and the node's end of its interface, made for a benchmark and gone after it. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

export const POD = '10.78.0.2';
/** The same in every bed, so that all are shot at with the same frames. */
export const MAC = '02:00:00:00:00:02';
/** Somebody listens there and reads nothing. */
export const PORT = 8_999;
/** Of everybody who sends. */
export const CLIENT_PORT = 40_000;

const libc = koffi.load('libc.so.6');
const setns = libc.func('int setns(int fd, int kind)');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
const sendto = libc.func(
  'long sendto(int fd, const void *bytes, size_t length, int flags, const void *to, uint32_t size)',
);
const libcClose = libc.func('int close(int fd)');
const [AF_INET, SOCK_DGRAM_CLOEXEC] = [2, 0x80002];
const CLONE_NEWNET = 0x40000000;
const home = openSync('/proc/thread-self/ns/net', 'r');

export interface KernelBed {
  /** Path of the Pod's namespace. */
  readonly pod: string;
  readonly node: string;
  inPod(command: readonly string[], input?: string): string;
  /** Whoever listens sends a word back, so that the connection is established. */
  answer(to: string): void;
  /** All connections. */
  forget(): void;
  close(): void;
}

export function openKernelBed(number: number): KernelBed {
  const id = `${process.pid}-${number}`;
  const names = { pod: `rfbp-${id}`, node: `rfbn-${id}` };
  const path = (name: string): string => `/run/netns/${name}`;
  const run = (name: string, command: readonly string[], input = ''): string =>
    execFileSync('nsenter', [`--net=${path(name)}`, ...command], {
      encoding: 'utf8',
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  const { pod, node } = names;
  for (const name of [pod, node]) execFileSync('ip', ['netns', 'add', name]);
  run(node, ['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod]);
  run(pod, ['ip', 'link', 'set', 'eth0', 'address', MAC]);
  run(pod, ['ip', 'addr', 'add', `${POD}/8`, 'dev', 'eth0']);
  for (const name of [pod, node])
    for (const link of ['lo', 'eth0']) run(name, ['ip', 'link', 'set', link, 'up']);
  run(pod, ['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0']);
  const sink = sinkIn(path(pod));
  return {
    pod: path(pod),
    node: path(node),
    inPod: (command, input) => run(pod, command, input),
    answer: (to) => {
      const address = socketAddress(CLIENT_PORT, to);
      sendto(sink, Buffer.from('word'), 4, 0, address, address.length);
    },
    forget: () => void run(pod, ['conntrack', '-F']),
    close: () => {
      libcClose(sink);
      for (const name of [pod, node]) execFileSync('ip', ['netns', 'del', name]);
    },
  };
}

/** Without it every packet would be answered with an error. */
function sinkIn(netns: string): number {
  return entered(netns, () => {
    const fd = socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0) as number;
    const address = socketAddress(PORT);
    if ((bind(fd, address, address.length) as number) !== 0) throw new Error(`port ${PORT} cannot be bound`);
    return fd;
  });
}

function socketAddress(port: number, address = '0.0.0.0'): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  Buffer.from(address.split('.').map(Number)).copy(bytes, 4);
  return bytes;
}

/** Runs `work` with this thread in the namespace. */
export function entered<T>(netns: string, work: () => T): T {
  const fd = openSync(netns, 'r');
  try {
    if ((setns(fd, CLONE_NEWNET) as number) !== 0) throw new Error(`cannot enter ${netns}`);
    return work();
  } finally {
    setns(home, CLONE_NEWNET);
    closeSync(fd);
  }
}
