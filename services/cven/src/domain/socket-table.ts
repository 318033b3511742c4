/** Lines of /proc/net/tcp and tcp6 → remote ports that processes of this machine have dialled. Pure. */
import { canonicalAddress } from '@ringfence/policy-engine';
import type { RemotePort } from './host-essentials.js';

const ESTABLISHED = '01';
const LISTENING = '0A';

/** Who is connected from elsewhere to these ports of this machine, now. */
export function connectedTo(ports: ReadonlySet<number>, lines: readonly string[]): RemotePort[] {
  const sockets = lines.flatMap((line) => parse(line) ?? []);
  const found = new Map<string, RemotePort>();
  for (const { state, localPort: port, remote } of sockets) {
    const address = canonicalAddress(addressOf(remote));
    if (state === ESTABLISHED && ports.has(port) && address !== null)
      found.set(`${address} ${port}`, { address, port });
  }
  return [...found.values()];
}

interface Socket {
  readonly localPort: number;
  readonly remote: string;
  readonly remotePort: number;
  readonly state: string;
  readonly inode: string;
}

/** Of sockets with these inodes; what came in to a port that is listened on was not dialled from here. */
export function dialledBy(inodes: ReadonlySet<string>, lines: readonly string[]): RemotePort[] {
  const sockets = lines.flatMap((line) => parse(line) ?? []);
  const listening = new Set(
    sockets.filter(({ state }) => state === LISTENING).map(({ localPort }) => localPort),
  );
  const found = new Map<string, RemotePort>();
  for (const { state, inode, localPort, remote, remotePort } of sockets) {
    if (state !== ESTABLISHED || !inodes.has(inode) || listening.has(localPort)) continue;
    const address = canonicalAddress(addressOf(remote));
    if (address !== null) found.set(`${address} ${remotePort}`, { address, port: remotePort });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, remote]) => remote);
}

const LINE = /^\s*\d+:\s+\w+:(\w+)\s+(\w+):(\w+)\s+(\w\w)(?:\s+\S+){5}\s+(\d+)/;

function parse(line: string): Socket | null {
  const [, localPort, remote, remotePort, state, inode] = (LINE.exec(line) ?? []) as string[];
  if (localPort === undefined || remote === undefined || remotePort === undefined) return null;
  return {
    localPort: Number.parseInt(localPort, 16),
    remote,
    remotePort: Number.parseInt(remotePort, 16),
    state: state ?? '',
    inode: inode ?? '',
  };
}

/** Words of four bytes, each in the order of a little-endian machine. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse());
  const isMapped = bytes.slice(0, 12).join('') === MAPPED;
  if (bytes.length === 4 || isMapped)
    return bytes
      .slice(-4)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.');
  return (bytes.join('').match(/.{4}/g) ?? []).join(':');
}

/** The prefix of an IPv4 address behind a socket of both families. */
const MAPPED = '00000000000000000000FFFF';
