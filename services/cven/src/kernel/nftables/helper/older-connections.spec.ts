/** Directions of connections out of /proc/net/tcp. */
import { describe, expect, it } from 'vitest';
import { olderConnections } from './older-connections.js';
import { addressText } from './set-dump.js';

const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue';
/** 10.0.0.2:7001 listens; 10.0.0.9:5000 is connected to it; we are connected from :6000 to 10.0.0.9:443. */
const tcp = [
  HEADER,
  '   0: 0200000A:1B59 00000000:0000 0A 00000000:00000000',
  '   1: 0200000A:1B59 0900000A:1388 01 00000000:00000000',
  '   2: 0200000A:1770 0900000A:01BB 01 00000000:00000000',
  '   3: 0100007F:1B59 0100007F:9999 01 00000000:00000000',
  '   4: 0200000A:1771 0900000A:01BB 06 00000000:00000000',
].join('\n');
const mapped = '   0: 0000000000000000FFFF00000200000A:1B59 0000000000000000FFFF00000900000A:1389 01 0:0';
const ends = (list: ReturnType<typeof olderConnections>) =>
  list.map(
    ({ client, server }) =>
      `${addressText(client.address)}:${client.port} > ${addressText(server.address)}:${server.port}`,
  );

describe('connections that are older than the table', () => {
  it('lead to the side that listens; others lead outwards; loopback and closed ones are nobody’s business', () => {
    expect(ends(olderConnections(tcp, HEADER))).toEqual([
      '10.0.0.9:5000 > 10.0.0.2:7001',
      '10.0.0.2:6000 > 10.0.0.9:443',
    ]);
  });

  it('of an IPv6 socket that speaks IPv4 are IPv4', () => {
    const [connection] = olderConnections(tcp, `${HEADER}\n${mapped}`).slice(-1);
    expect(connection?.family).toBe(4);
    expect(connection?.client.port).toBe(5001);
  });

  it('in a namespace without sockets are none', () => {
    expect(olderConnections('', '')).toEqual([]);
  });
});
