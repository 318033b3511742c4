/** How many VENs have which value of a property, of those that have these values of others. */
import type { VenProperty, VenStatistics } from '@ringfence/contracts';

/** A property may have no value, or several. */
export type VenValues = Readonly<Record<VenProperty, readonly string[]>>;
type Asked = NonNullable<VenStatistics['property_counts']>[number];

export function venStatistics(
  vens: readonly VenValues[],
  { property, values, filters = [] }: Asked,
): { value: string; count: number }[] {
  const counts = new Map((values ?? []).map((value) => [value, 0]));
  const counted = vens.filter((ven) => filters.every((each) => has(ven[each.filter_property], each.values)));
  for (const value of counted.flatMap((ven) => ven[property]))
    if (values === undefined || counts.has(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => ({ value, count }));
}

const has = (own: readonly string[], wanted: readonly string[] | undefined): boolean =>
  wanted === undefined || own.some((value) => wanted.includes(value));
