import { describe, expect, it } from 'vitest';
import { dialledBy } from './socket-table.js';

/** Columns as the kernel prints them; addresses are words of a little-endian machine. */
const line = (local: string, remote: string, state: string, inode: string): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 20 4 30 10 -1`;

describe('what the agents of a node dial', () => {
  it('is what their own established connections lead to, and nothing that came in', () => {
    const lines = [
      line('0100007F:1F90', '00000000:0000', '0A', '1'),
      line('0200A8C0:280A', '00000000:0000', '0A', '2'),
      line('0200A8C0:A000', '0900A8C0:192B', '01', '3'),
      line('0200A8C0:A002', '0900A8C0:01BB', '06', '4'),
      line('0200A8C0:A003', '0A00A8C0:01BB', '01', '99'),
      // Somebody calls the kubelet: that must not open anything.
      line('0200A8C0:280A', '6400A8C0:D431', '01', '2'),
    ];
    expect(dialledBy(new Set(['1', '2', '3', '4']), lines)).toEqual([{ address: '192.168.0.9', port: 6443 }]);
  });

  it('is read from both families, with IPv4 behind IPv6 as what it is', () => {
    const six = 'B80D0120000000000000000001000000';
    const mapped = '0000000000000000FFFF00000900A8C0';
    const own = '00000000000000000000000001000000';
    const lines = [
      line(`${own}:A000`, `${six}:01BB`, '01', '1'),
      line(`${own}:A001`, `${mapped}:192B`, '01', '1'),
    ];
    expect(dialledBy(new Set(['1']), lines)).toEqual([
      { address: '192.168.0.9', port: 6443 },
      { address: '2001:db8::1', port: 443 },
    ]);
  });
});
