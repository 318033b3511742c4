/**
 * Connections that are older than the table have no conntrack entry; the first packet seen would decide their direction,
 * and a server that speaks first would turn it round for good. `/proc/net/tcp` knows better: a local port with a
 * listener is the server's side.
 */
import {
  attribute,
  nested,
  netfilterMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  uint16,
  uint32,
  uint8,
} from './netlink-message.js';
import { addressText } from './set-dump.js';

export interface Connection {
  readonly family: 4 | 6;
  readonly client: { readonly address: Buffer; readonly port: number };
  readonly server: { readonly address: Buffer; readonly port: number };
}

interface Socket {
  readonly local: { readonly address: Buffer; readonly port: number };
  readonly remote: { readonly address: Buffer; readonly port: number };
  readonly state: number;
}

const LISTEN = 0x0a;
/** Established, or closing: FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, LAST-ACK. */
const ALIVE = new Set([0x01, 0x04, 0x05, 0x08, 0x09]);
const MAPPED_IPV4 = Buffer.from('00000000000000000000ffff', 'hex');

/** `tcp` and `tcp6` are the texts of /proc/net/tcp and tcp6 of the namespace. */
export function olderConnections(tcp: string, tcp6: string): Connection[] {
  const sockets = [...parseSockets(tcp), ...parseSockets(tcp6)];
  const listening = new Set(sockets.filter(({ state }) => state === LISTEN).map(({ local }) => local.port));
  return sockets
    .filter(({ state, local }) => ALIVE.has(state) && !isLoopback(local.address))
    .map(({ local, remote }) => {
      const family = local.address.length === 4 ? 4 : 6;
      return listening.has(local.port)
        ? { family, client: remote, server: local }
        : { family, client: local, server: remote };
    });
}

function parseSockets(table: string): Socket[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local, remote, state] = line.trim().split(/\s+/);
      if (local === undefined || remote === undefined || state === undefined) return [];
      return [{ local: parseEnd(local), remote: parseEnd(remote), state: Number.parseInt(state, 16) }];
    });
}

/** Address in words of the machine's byte order (little endian), port in hex. */
function parseEnd(end: string): { address: Buffer; port: number } {
  const [words = '', port = ''] = end.split(':');
  const address = Buffer.from(words, 'hex').swap32();
  const mapped = address.length === 16 && address.subarray(0, 12).equals(MAPPED_IPV4);
  return { address: mapped ? address.subarray(12) : address, port: Number.parseInt(port, 16) };
}

function isLoopback(address: Buffer): boolean {
  return address.length === 4 ? address[0] === 127 : addressText(address) === '::1';
}

const CONNTRACK = 1;
const NEW_ENTRY = 0;
const GET_ENTRIES = 1;
const TCP = 6;
const ESTABLISHED = 3;
const SEEN_REPLY_ASSURED_CONFIRMED = 0x2 | 0x4 | 0x8;
const BE_LIBERAL = 0x08;
const TIMEOUT_SECONDS = 3600;
const AF_INET = 2;
const AF_INET6 = 10;

/** Adds an established entry; refused (and rightly so) when conntrack knows the connection already. */
export function injectionMessage(sequence: number, connection: Connection): Buffer {
  const head = {
    subsystem: CONNTRACK,
    type: NEW_ENTRY,
    flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
    sequence,
    family: connection.family === 4 ? AF_INET : AF_INET6,
  };
  const liberal = Buffer.from([BE_LIBERAL, BE_LIBERAL]);
  return netfilterMessage(
    head,
    tuple(1, connection.client, connection.server),
    tuple(2, connection.server, connection.client),
    uint32(3, SEEN_REPLY_ASSURED_CONFIRMED),
    uint32(7, TIMEOUT_SECONDS),
    nested(4, nested(1, uint8(1, ESTABLISHED), attribute(4, liberal), attribute(5, liberal))),
  );
}

function tuple(type: number, from: Connection['client'], to: Connection['server']): Buffer {
  const [source, destination] = from.address.length === 4 ? [1, 2] : [3, 4];
  return nested(
    type,
    nested(1, attribute(source ?? 1, from.address), attribute(destination ?? 2, to.address)),
    nested(2, uint8(1, TCP), uint16(2, from.port), uint16(3, to.port)),
  );
}

export function entriesRequest(sequence: number): Buffer {
  return netfilterMessage({ subsystem: CONNTRACK, type: GET_ENTRIES, flags: 0x300, sequence, family: 0 });
}

/** Takes the upper half of the mark from one entry, named by its original tuple as it was dumped. */
export function clearMarkMessage(sequence: number, family: number, originalTuple: Buffer): Buffer {
  const head = { subsystem: CONNTRACK, type: NEW_ENTRY, flags: NLM_F_ACK, sequence, family };
  return netfilterMessage(head, nested(1, originalTuple), uint32(8, 0), uint32(21, 0xffff0000));
}
