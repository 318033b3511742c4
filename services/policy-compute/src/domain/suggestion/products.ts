/**
 * Who, to whom, on what: triples joined into few products of three sets, each of which says nothing but triples that were there.
 * The fewest of all possible covers is a hard problem; this takes the best of the six orders in which sides can be joined.
 */
import { groupedBy } from './grouped-by.js';

export type Side = 'consumers' | 'providers' | 'services';
export type Triple = Readonly<Record<Side, string>>;
export type Product = Readonly<Record<Side, readonly string[]>>;

/** The first is how people write rules; it wins where another is not better. */
const ORDERS: readonly (readonly Side[])[] = [
  ['services', 'consumers', 'providers'],
  ['services', 'providers', 'consumers'],
  ['consumers', 'services', 'providers'],
  ['consumers', 'providers', 'services'],
  ['providers', 'services', 'consumers'],
  ['providers', 'consumers', 'services'],
];

/** Together exactly the triples; the order of what is given does not matter. */
export function fewProducts(triples: readonly Triple[]): Product[] {
  const single = triples.map(({ consumers, providers, services }) => ({
    consumers: [consumers],
    providers: [providers],
    services: [services],
  }));
  const [first = [], ...others] = ORDERS.map((order) => order.reduce<Product[]>(joinedBy, single));
  const best = others.reduce((best, next) => (next.length < best.length ? next : best), first);
  return best.toSorted((a, b) => compareTexts(JSON.stringify(a), JSON.stringify(b)));
}

/** Those that differ in this side only become one. */
function joinedBy(products: readonly Product[], side: Side): Product[] {
  const alike = groupedBy(products, (product) => JSON.stringify({ ...product, [side]: [] }));
  return [...alike.values()].map((group) => {
    const all = new Set(group.flatMap((product) => product[side]));
    return { ...group[0]!, [side]: [...all].sort(compareTexts) };
  });
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
