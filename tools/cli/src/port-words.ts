/** Ports and protocols in words, as files and tables have them. */
const PORTS = /^(\d{1,5})(?:-(\d{1,5}))?\/(tcp|udp)$/;

export interface PortWords {
  readonly proto: number;
  readonly port?: number;
  readonly to_port?: number;
  /** null: every one. */
  readonly icmp_type?: number | null;
  readonly icmp_code?: number | null;
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
const WHOLE_PROTOCOL_WORDS: ReadonlyMap<number, string> = new Map(
  Object.entries(WHOLE_PROTOCOLS).map(([word, proto]) => [proto, word]),
);
export const protocolWord = (proto: number): string => WHOLE_PROTOCOL_WORDS.get(proto) ?? String(proto);

const ICMP = /^(icmp6?)\/(\d{1,3})(?:\/(\d{1,3}))?$/;
const NUMBERED = /^protocol (\d{1,3})$/;
const isByte = (text = ''): boolean => Number(text) <= 255;

/** In a service also a whole protocol: `all`, `tcp`, `udp`, `icmp`, `icmp6`, `sctp`, `protocol 47`; and types of ICMP: `icmp/8`, `icmp/3/4`. */
export function servicePortsOf(text: string): PortWords | undefined {
  if (Object.hasOwn(WHOLE_PROTOCOLS, text)) return { proto: WHOLE_PROTOCOLS[text]! };
  return icmpOf(text) ?? numberedOf(text) ?? portsOf(text);
}

function icmpOf(text: string): PortWords | undefined {
  const [, word, type, code] = ICMP.exec(text) ?? [];
  if (word === undefined || !isByte(type) || !isByte(code ?? '0')) return undefined;
  const numbers = { icmp_type: Number(type), ...(code !== undefined && { icmp_code: Number(code) }) };
  return { proto: WHOLE_PROTOCOLS[word]!, ...numbers };
}

function numberedOf(text: string): PortWords | undefined {
  const [, number] = NUMBERED.exec(text) ?? [];
  return number !== undefined && isByte(number) ? { proto: Number(number) } : undefined;
}

/** What a rule says in place: ports of TCP or UDP, or all of one of them. Anything else is a service's name. */
export function rulePortsOf(text: string): PortWords | undefined {
  const ports = servicePortsOf(text);
  return ports?.proto === 6 || ports?.proto === 17 ? ports : undefined;
}

/** `8080/tcp`, `9000-9010/udp`, `icmp`, `icmp/8`. */
export function portText({ proto, port, to_port: to, icmp_type: type, icmp_code: code }: PortWords): string {
  if (port !== undefined)
    return `${String(port)}${to === undefined || to === port ? '' : `-${String(to)}`}/${protocolWord(proto)}`;
  const whole = WHOLE_PROTOCOL_WORDS.get(proto) ?? `protocol ${String(proto)}`;
  return [whole, type, code].filter((part) => part !== undefined && part !== null).join('/');
}
