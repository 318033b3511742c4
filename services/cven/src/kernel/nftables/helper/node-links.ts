/**
 * Which interfaces of a node lead into which Pods. The kernel says of an interface in which namespace its other end is; nothing
 * that a Pod does in its own namespace changes that for an interface of the node's.
 */
import { closeSync, openSync } from 'node:fs';
import type { NodeLink } from '../../port/kernel.port.js';
import { idOf } from './namespace-id.js';
import { find, NLM_F_DUMP, NLM_F_REQUEST } from './netlink-message.js';
import { NETLINK_ROUTE, NetlinkError, NetlinkSocket } from './netlink-socket.js';

const RTM_GETLINK = 18;
const HEADER = 16;
const IFINFO = 16;
const IFLA_LINKINFO = 18;
const IFLA_LINK_NETNSID = 37;
const INFO_KIND = 1;
const INFO_SLAVE_KIND = 4;

export class NodeLinks {
  /** Of the namespace in which this is made. */
  private readonly socket = new NetlinkSocket(NETLINK_ROUTE);

  read(peers: readonly string[]): NodeLink[] {
    // First: a namespace has a number from the first dump on that has to name it.
    const links = this.socket.dump(linksRequest).map(({ body }) => body);
    const byNumber = new Map(peers.map((path) => [this.numberOf(path), path]));
    byNumber.delete(undefined);
    return links.map((body) => {
      const attributes = body.subarray(IFINFO);
      const number = find(attributes, IFLA_LINK_NETNSID)?.readInt32LE(0);
      return {
        index: body.readInt32LE(4),
        kind: textOf(find(attributes, IFLA_LINKINFO, INFO_KIND)),
        isBridged: textOf(find(attributes, IFLA_LINKINFO, INFO_SLAVE_KIND)) === 'bridge',
        peer: number === undefined ? undefined : byNumber.get(number),
      };
    });
  }

  close(): void {
    this.socket.close();
  }

  /** Undefined: it has ended, or nothing of this node leads there. */
  private numberOf(path: string): number | undefined {
    let fd: number | undefined;
    try {
      fd = openSync(path, 'r');
      const number = idOf(this.socket, fd);
      return number < 0 ? undefined : number;
    } catch (error) {
      if (error instanceof NetlinkError || isSystemError(error)) return undefined;
      throw error;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}

function linksRequest(sequence: number): Buffer {
  const out = Buffer.alloc(HEADER + IFINFO);
  out.writeUInt32LE(out.length, 0);
  out.writeUInt16LE(RTM_GETLINK, 4);
  out.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6);
  out.writeUInt32LE(sequence, 8);
  return out;
}

const textOf = (value: Buffer | undefined): string => value?.toString('utf8').replace(/\0.*$/, '') ?? '';
const isSystemError = (error: unknown): boolean => error instanceof Error && 'code' in error;
