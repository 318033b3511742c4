/**
 * Where, within the ports of one rule, another answer may begin: at its first port, and where a port range of any other rule that speaks
 * between the same two begins or has ended. From one such place to the next all packets meet the same rules.
 */
import type { PortRange } from '@ringfence/contracts';

export interface OnPort {
  readonly proto: number;
  readonly port: number;
}

const ANY_PROTOCOL = -1;
/** Stands for every port of a protocol that no rule tells apart. */
const ANY_PORT = 1;
const LAST_PORT = 65_535;
/** One of them is named by no rule, and stands for all such. */
const PROTOCOLS = [6, 17, 132, 47, 253];

export function toldApart(ranges: readonly PortRange[], others: readonly PortRange[]): OnPort[] {
  const found = ranges.flatMap((range) => placesIn(range, others));
  return [...new Map(found.map((place) => [`${place.proto}/${place.port}`, place])).values()];
}

function placesIn(range: PortRange, others: readonly PortRange[]): OnPort[] {
  if (range.proto === ANY_PROTOCOL) {
    const named = new Set(others.map(({ proto }) => proto).filter((proto) => proto !== ANY_PROTOCOL));
    const unnamed = PROTOCOLS.find((proto) => !named.has(proto));
    const protocols = [...(unnamed === undefined ? [] : [unnamed]), ...named];
    return protocols.flatMap((proto) => placesIn({ proto }, others));
  }
  const { proto } = range;
  const { first, last } = spanOf(range);
  const borders = others
    .filter((other) => other.proto === proto)
    .map(spanOf)
    .flatMap((span) => [span.first, span.last + 1])
    .filter((border) => border > first && border <= last);
  const isWhole = first === 0 && last === LAST_PORT;
  const begin = isWhole && !borders.includes(ANY_PORT) ? ANY_PORT : first;
  return [...new Set([begin, ...borders])].sort((a, b) => a - b).map((port) => ({ proto, port }));
}

/** Of ICMP, type and code are one number, as in packets. */
function spanOf({ from, to, icmpType, icmpCode }: PortRange): { first: number; last: number } {
  if (icmpType === undefined)
    return from === undefined ? { first: 0, last: LAST_PORT } : { first: from, last: to ?? from };
  const first = icmpType * 256 + (icmpCode ?? 0);
  return { first, last: icmpCode === undefined ? first + 255 : first };
}
