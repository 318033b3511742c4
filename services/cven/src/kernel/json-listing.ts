/** `nft -j list` of a flow set or a counter → counts. Pure; only the spawned kernel needs it. */
import { canonicalAddress } from '@ringfence/policy-engine';
import type { FlowCount } from './kernel.port.js';

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
};

interface JsonElement {
  readonly elem: {
    readonly val: { readonly concat: readonly (string | number)[] };
    readonly counter?: { readonly packets: number; readonly bytes: number };
  };
}

export function parseFlowSet(json: string): FlowCount[] {
  const document = JSON.parse(json) as { nftables: { set?: { elem?: JsonElement[] } }[] };
  const elements = document.nftables.flatMap(({ set }) => set?.elem ?? []);
  return elements.map(({ elem }) => {
    const [src, dst, proto, port] = elem.val.concat;
    const number = typeof proto === 'number' ? proto : (PROTOCOLS[proto ?? ''] ?? Number(proto));
    return [
      addressOf(src),
      addressOf(dst),
      number,
      Number(port),
      elem.counter?.packets ?? 0,
      elem.counter?.bytes ?? 0,
    ];
  });
}

export function parsePackets(json: string): number {
  const document = JSON.parse(json) as { nftables: { counter?: { packets: number } }[] };
  return document.nftables.reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0);
}

function addressOf(text: string | number | undefined): string {
  return canonicalAddress(String(text)) ?? String(text);
}
