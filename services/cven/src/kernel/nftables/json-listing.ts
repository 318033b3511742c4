/** `nft -j list` of a flow set or a counter → counts, `ip -j` → interfaces. Pure; only the spawned kernel needs it. */
import { canonicalAddress } from '@ringfence/policy-engine';
import type { FlowCount, NodeLink } from '../port/kernel.port.js';

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

interface JsonLink {
  readonly ifindex: number;
  readonly link_netnsid?: number;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_slave_kind?: string };
}

/** By the number of the namespace, those of `paths` that have a name. */
export function namedNamespaces(json: string, paths: readonly string[]): ReadonlyMap<number, string> {
  const known = JSON.parse(json === '' ? '[]' : json) as { nsid: number; name?: string }[];
  const byName = new Map(paths.map((path) => [/^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(path)?.[1], path]));
  return new Map(
    known.flatMap(({ nsid, name }): [number, string][] => {
      const path = name === undefined ? undefined : byName.get(name);
      return path === undefined ? [] : [[nsid, path]];
    }),
  );
}

export function parseLinks(json: string, namespaces: ReadonlyMap<number, string>): NodeLink[] {
  return (JSON.parse(json) as JsonLink[]).map(({ ifindex, link_netnsid, linkinfo }) => ({
    index: ifindex,
    kind: linkinfo?.info_kind ?? '',
    isBridged: linkinfo?.info_slave_kind === 'bridge',
    peer: link_netnsid === undefined ? undefined : namespaces.get(link_netnsid),
  }));
}

function addressOf(text: string | number | undefined): string {
  return canonicalAddress(String(text)) ?? String(text);
}
