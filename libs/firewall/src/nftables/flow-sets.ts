/**
 * Names and text of the flow sets (kernel → us) and of the chains that write them. Two halves: one is written while
 * the other is read; a rotation rewrites one line per writer. `size` is left out on purpose: it allocates buckets at once.
 */

/** What a flow set says: new flows allowed, potentially blocked, blocked; later packets from the opener and back to it. */
export const FLOW_TABLES = ['na', 'np', 'nb', 'bo', 'br'] as const;
export type FlowTable = (typeof FLOW_TABLES)[number];
export const FAMILIES = [4, 6] as const;
export type Family = (typeof FAMILIES)[number];

export function perFamily<T>(make: (family: Family) => T): Record<Family, T> {
  return { 4: make(4), 6: make(6) };
}

export const HALVES = [0, 1] as const;
export type Half = (typeof HALVES)[number];

export const PORTED = 'ported';
/** Of those, found by comparison: a look-up costs four times as much. */
const MOST = ['tcp', 'udp'];

export function flowSetName(table: FlowTable, family: Family, half: Half): string {
  return `${table}${family}_${half}`;
}

/** All sets of one half, in the order in which they are read. */
export function flowSetNames(half: Half): string[] {
  return FLOW_TABLES.flatMap((table) => FAMILIES.map((family) => flowSetName(table, family, half)));
}

const FLOW_SET = /^(?:na|np|nb|bo|br)[46]_[01]$/;

export function isFlowSet(name: string): boolean {
  return FLOW_SET.test(name);
}

export function flowSetDeclaration(family: Family): string {
  const address = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  return `type ${address} . ${address} . inet_proto . inet_service; flags dynamic,timeout; timeout 10m; counter;`;
}

export function writerChain(table: FlowTable): string {
  return `w_${table}`;
}

export function halfWriterChain(table: FlowTable, half: Half): string {
  return `w_${table}_${half}`;
}

/** Written by chains of their own, and what is done then; the other two by the chains of approved connections. */
export const SWITCHED = { na: 'goto m_approve', np: 'goto m_approve', nb: 'drop' } as const;
export type SwitchedTable = keyof typeof SWITCHED;
export const SWITCHED_TABLES = Object.keys(SWITCHED) as SwitchedTable[];

/** Whatever ends a packet's way behind its booking. */
export type AfterBooking = 'accept' | 'drop' | 'goto m_approve';

/**
 * Behind an update `then` is only reached when the set was not full: when it is, the rule stops at the update, and the last line
 * is. ICMP has no ports; `th sport` reads its type and code.
 */
export function bookingRules(table: FlowTable, half: Half, then: AfterBooking): string[] {
  const updates = FAMILIES.flatMap((family) => {
    const header = family === 4 ? 'ip' : 'ip6';
    const set = flowSetName(table, family, half);
    const back = table === 'br';
    const pair = back ? `${header} daddr . ${header} saddr` : `${header} saddr . ${header} daddr`;
    const line = (these: string, port: 'sport' | 'dport'): string =>
      `meta nfproto ipv${family} ${these}update @${set} { ${pair} . meta l4proto . th ${port} } ${then}`;
    if (back) return [line('', 'sport')];
    const ported = [...MOST, `@${PORTED}`].map((these) => line(`meta l4proto ${these} `, 'dport'));
    return [...ported, line(`meta l4proto != @${PORTED} `, 'sport')];
  });
  return [...updates, `counter name c_overflow ${then}`];
}
