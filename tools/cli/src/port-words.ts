/** Ports and protocols in words, as files and tables have them. */
const PORTS = /^(\d{1,5})(?:-(\d{1,5}))?\/(tcp|udp)$/;

export interface PortWords {
  readonly proto: number;
  readonly port?: number;
  readonly to_port?: number;
}

/** `8080/tcp`, `9000-9010/udp`. Undefined: it is none of these and may be a service's name. */
export function portsOf(text: string): PortWords | undefined {
  const [, from, to, proto] = PORTS.exec(text) ?? [];
  if (from === undefined) return undefined;
  const port = Number(from);
  const last = to === undefined ? port : Number(to);
  if (port > 65_535 || last > 65_535 || last < port) return undefined;
  return { proto: proto === 'tcp' ? 6 : 17, port, ...(last === port ? {} : { to_port: last }) };
}

const WHOLE_PROTOCOLS: Readonly<Record<string, number>> = {
  all: -1,
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmp6: 58,
  sctp: 132,
};
export const WHOLE_PROTOCOL_WORDS: ReadonlyMap<number, string> = new Map(
  Object.entries(WHOLE_PROTOCOLS).map(([word, proto]) => [proto, word]),
);
export const protocolWord = (proto: number): string => WHOLE_PROTOCOL_WORDS.get(proto) ?? String(proto);

/** In a service also a whole protocol: `all`, `tcp`, `udp`, `icmp`, `icmp6`, `sctp`. */
export function servicePortsOf(text: string): PortWords | undefined {
  const proto = WHOLE_PROTOCOLS[text];
  return proto === undefined ? portsOf(text) : { proto };
}
