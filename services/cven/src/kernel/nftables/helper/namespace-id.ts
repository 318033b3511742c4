/** The number by which the node's own network namespace knows another one: notifications name their namespace by it. */
import { fstatSync } from 'node:fs';
import { find, NLM_F_ACK, NLM_F_REQUEST } from './netlink-message.js';
import { NETLINK_ROUTE, NetlinkError, NetlinkSocket } from './netlink-socket.js';

const RTM_NEWNSID = 88;
const RTM_GETNSID = 90;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
const NONE = -1;
const HEADER = 16;
const GENERIC = 4;

let routes: NetlinkSocket | undefined;

/** Undefined: it is the node's own. Gives it a number where it has none yet, which keeps nothing alive; -1: it can have none. */
export function namespaceId(fd: number, home: number): number | undefined {
  if (fstatSync(fd).ino === fstatSync(home).ino) return undefined;
  try {
    routes ??= new NetlinkSocket(NETLINK_ROUTE);
    const known = idOf(routes, fd);
    return known === NONE ? giveId(routes, fd) : known;
  } catch (error) {
    // Without it nobody is heard from there at once; the poll still finds out.
    if (error instanceof NetlinkError) return NONE;
    throw error;
  }
}

function giveId(socket: NetlinkSocket, fd: number): number {
  socket.request((sequence) =>
    request({ type: RTM_NEWNSID, flags: NLM_F_ACK, sequence }, [
      [NETNSA_FD, fd],
      [NETNSA_NSID, NONE],
    ]),
  );
  return idOf(socket, fd);
}

/** As the socket's namespace numbers it. */
export function idOf(socket: NetlinkSocket, fd: number): number {
  const answer = socket.request((sequence) =>
    request({ type: RTM_GETNSID, flags: 0, sequence }, [[NETNSA_FD, fd]]),
  );
  return (answer && find(answer.body.subarray(GENERIC), NETNSA_NSID)?.readInt32LE(0)) ?? NONE;
}

interface Head {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
}

function request(
  { type, flags, sequence }: Head,
  attributes: readonly (readonly [type: number, value: number])[],
): Buffer {
  const out = Buffer.alloc(HEADER + GENERIC + attributes.length * 8);
  out.writeUInt32LE(out.length, 0);
  out.writeUInt16LE(type, 4);
  out.writeUInt16LE(flags | NLM_F_REQUEST, 6);
  out.writeUInt32LE(sequence, 8);
  attributes.forEach(([attribute, value], i) => {
    const at = HEADER + GENERIC + i * 8;
    out.writeUInt16LE(8, at);
    out.writeUInt16LE(attribute, at + 2);
    out.writeInt32LE(value, at + 4);
  });
  return out;
}
