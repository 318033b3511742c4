/** What values refer to: chosen when they are sent, among what is there by then. */
import fc from 'fast-check';

/** By the name of the field, the collection that it means. */
const MEANT: Readonly<Record<string, string>> = {
  label: 'labels',
  labels: 'labels',
  assign_labels: 'labels',
  restriction: 'labels',
  assignment: 'labels',
  scope: 'labels',
  label_group: 'label_groups',
  sub_groups: 'label_groups',
  workload: 'workloads',
  ip_list: 'ip_lists',
  service: 'services',
  ingress_services: 'services',
  virtual_service: 'virtual_services',
  rules: 'sec_rules',
};
const PICK = /^pick (\d+) of (\w*)$/;
const JUNK = [
  '',
  '/',
  '/orgs/1/labels/0',
  '/orgs/1/labels/../../..',
  '/users/1',
  'labels/1',
  `/orgs/1/labels/${'9'.repeat(400)}`,
];

export const reference = (holder: string): fc.Arbitrary<string> =>
  fc.oneof(
    { arbitrary: fc.nat(1_000).map((which) => `pick ${which} of ${MEANT[holder] ?? ''}`), weight: 12 },
    { arbitrary: fc.nat(1_000).map((which) => `pick ${which} of `), weight: 2 },
    { arbitrary: fc.constantFrom(...JUNK), weight: 1 },
  );

/** Hrefs of what was made, by collection. */
export class Known {
  private readonly hrefs = new Map<string, string[]>();

  add(href: string): void {
    const collection = href.split('/').at(-2) ?? '';
    this.hrefs.set(collection, [...(this.hrefs.get(collection) ?? []), href]);
  }

  pick(collection: string, which: number): string | undefined {
    const among = collection === '' ? [...this.hrefs.values()].flat() : this.hrefs.get(collection);
    return among?.[which % among.length];
  }

  resolved(value: unknown): unknown {
    if (typeof value === 'string') {
      const [, which, collection] = PICK.exec(value) ?? [];
      return which === undefined ? value : (this.pick(collection ?? '', Number(which)) ?? '/orgs/1/labels/1');
    }
    if (Array.isArray(value)) return value.map((each) => this.resolved(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.resolved(each)]));
  }
}
