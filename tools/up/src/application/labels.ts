/** The labels that a set-up needs: what is missing is made, as many at once as one call takes. */
import { BULK_MAX } from '@ringfence/contracts';
import type { RingfenceApi } from '../ringfence-api.js';

export interface Label {
  readonly key: string;
  readonly value: string;
}

interface Made {
  readonly href?: string;
  readonly message?: string;
}

const nameOf = ({ key, value }: Label): string => `${key}=${value}`;

/** The href of each. */
export async function ensureLabels(
  api: RingfenceApi,
  wanted: readonly Label[],
): Promise<(label: Label) => string> {
  const existing = await api.get<(Label & { href: string })[]>('/labels?max_results=100000');
  const hrefs = new Map(existing.map((label) => [nameOf(label), label.href]));
  const byName = new Map(wanted.map((label) => [nameOf(label), label]));
  const missing = [...byName.values()].filter((label) => !hrefs.has(nameOf(label)));
  for (let from = 0; from < missing.length; from += BULK_MAX) {
    const labels = missing.slice(from, from + BULK_MAX);
    const made = await api.put<Made[]>('/labels/bulk_create', labels);
    for (const [index, label] of labels.entries()) hrefs.set(nameOf(label), hrefOf(label, made[index]));
  }
  return (label) => hrefs.get(nameOf(label)) ?? hrefOf(label, undefined);
}

function hrefOf(label: Label, made: Made | undefined): string {
  if (made?.href === undefined)
    throw new Error(`the label ${nameOf(label)} was not made: ${made?.message ?? 'nobody asked for it'}`);
  return made.href;
}
