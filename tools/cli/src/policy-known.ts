/** What there is in the draft and beside it, by the names that documents use. */
import type { ApiClient } from './api.client.js';
import type { PolicyFile } from './policy-file.js';
import { NAMED_KINDS } from './policy-kinds.js';
import type { NamedKind } from './policy-kinds.js';
import { COLLECTIONS } from './policy-in-words.js';
import { readWorkloads, workloadNames } from './policy-names.js';
import type { ExternalReference } from './policy-owner.js';
import type { KnownNames, Names } from './policy-translation.js';

export interface Existing extends ExternalReference, Readonly<Record<string, unknown>> {
  readonly href: string;
  readonly name: string;
  readonly update_type?: string | null;
}

/** Names that may get hrefs later on. */
export class NameBook implements Names {
  private readonly hrefs = new Map<string, string>();
  readonly ambiguous = new Set<string>();

  constructor(entries: Iterable<readonly [name: string, href: string]> = []) {
    for (const [name, href] of entries) {
      if (this.hrefs.has(name)) this.ambiguous.add(name);
      else this.hrefs.set(name, href);
    }
  }
  get(name: string): string | undefined {
    return this.hrefs.get(name);
  }
  set(name: string, href: string): void {
    this.hrefs.set(name, href);
  }
  /** These, and others besides that have no href yet. */
  with(names: readonly string[]): Names {
    const own = new Set(names);
    return {
      ambiguous: this.ambiguous,
      get: (name) => this.hrefs.get(name) ?? (own.has(name) ? '' : undefined),
    };
  }
}

export interface Known extends KnownNames {
  readonly labels: Map<string, string>;
  readonly labelGroups: NameBook;
  readonly ipLists: NameBook;
  readonly services: NameBook;
  readonly virtualServices: NameBook;
  readonly labelTypes: ReadonlyMap<string, string>;
  /** Their href. */
  readonly firewallSettings: string;
  readonly existing: Readonly<Record<NamedKind, readonly Existing[]>>;
}

export async function readKnown(api: ApiClient): Promise<Known> {
  const objects = async (kind: NamedKind): Promise<readonly [NamedKind, Existing[]]> => {
    const found = await api.all<Existing>(`/sec_policy/draft/${COLLECTIONS[kind]}`);
    // What is marked for deletion still has its name.
    return [kind, found];
  };
  const [labels, types, workloads, settings, ...lists] = await Promise.all([
    api.all<{ href: string; key: string; value: string }>('/labels'),
    api.all<{ href: string; key: string }>('/label_dimensions'),
    readWorkloads(api),
    api.get<{ href: string }>('/sec_policy/draft/firewall_settings'),
    ...NAMED_KINDS.map(objects),
  ]);
  const existing = Object.fromEntries(lists) as unknown as Known['existing'];
  const book = (kind: NamedKind): NameBook =>
    new NameBook(existing[kind].map(({ name, href }) => [name, href]));
  return {
    labels: new Map(labels.map(({ key, value, href }) => [`${key}=${value}`, href])),
    labelTypes: new Map(types.map(({ key, href }) => [key, href])),
    firewallSettings: settings.href,
    labelGroups: book('label_groups'),
    ipLists: book('ip_lists'),
    services: book('services'),
    virtualServices: book('virtual_services'),
    workloads: new NameBook(
      workloads.flatMap((one) => workloadNames(one).map((name) => [name, one.href] as const)),
    ),
    existing,
  };
}

/** As if everything that the documents make were there already. */
export function withOwn(known: Known, policy: PolicyFile): KnownNames {
  const named = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);
  const own = policy.labels.map(({ key, value }) => [`${key}=${value}`, ''] as const);
  return {
    labels: new Map([...own, ...known.labels]),
    labelGroups: known.labelGroups.with(named(policy.label_groups)),
    ipLists: known.ipLists.with(named(policy.ip_lists)),
    services: known.services.with(named(policy.services)),
    virtualServices: known.virtualServices.with(named(policy.virtual_services)),
    workloads: known.workloads,
  };
}

/** By the kinds that rules and groups name. */
export const booksOf = (known: Known): Partial<Record<NamedKind, NameBook>> => ({
  label_groups: known.labelGroups,
  ip_lists: known.ipLists,
  services: known.services,
  virtual_services: known.virtualServices,
});
