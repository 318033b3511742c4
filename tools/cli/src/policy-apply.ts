/**
 * Makes the draft say what a policy file says: creates what is missing, changes what differs, leaves the rest alone, by name. Objects that the file does not
 * name are not touched. Repeating it changes nothing.
 */
import type { ApiClient } from './api.client.js';
import { saysTheSame, withExistingHrefs } from './policy-comparison.js';
import type { ParsedPolicy } from './policy-file.js';
import { policyTranslation } from './policy-translation.js';
import type { KnownNames } from './policy-translation.js';

type Json = Readonly<Record<string, unknown>>;
interface Named extends Json {
  readonly href: string;
  readonly name: string;
}
export interface Applied {
  readonly kind: string;
  readonly name: string;
  readonly change: 'created' | 'changed' | 'unchanged';
}

export async function applyPolicy(api: ApiClient, { policy, at }: ParsedPolicy): Promise<Applied[]> {
  const known = await readKnown(api);
  const applied: Applied[] = [];
  /** Made empty a moment ago, before their content: not "changed" to whoever reads the answer. */
  const made = new Set<string>();
  const place = async (
    kind: string,
    collection: string,
    body: Json,
    names: Map<string, string>,
    existing: ReadonlyMap<string, Named>,
  ): Promise<void> => {
    const name = String(body['name']);
    const { href, change } = await bring(api, collection, body, existing.get(name));
    names.set(name, href);
    applied.push({ kind, name, change: made.has(href) ? 'created' : change });
  };

  for (const { key, value } of policy.labels) applied.push(await ensureLabel(api, known, key, value));
  const translate = policyTranslation(known, at);
  const draft = async (collection: string): Promise<ReadonlyMap<string, Named>> =>
    byName(await api.all<Named>(`/sec_policy/draft/${collection}`));

  const [lists, services, groups] = [
    await draft('ip_lists'),
    await draft('services'),
    await draft('label_groups'),
  ];
  for (const [i, list] of policy.ip_lists.entries())
    await place('IP list', 'ip_lists', translate.ipList(list, ['ip_lists', i]), known.ipLists, lists);
  for (const [i, service] of policy.services.entries())
    await place('service', 'services', translate.service(service, ['services', i]), known.services, services);
  // Groups may name groups further down in the file: first that they exist, then what is in them.
  for (const group of policy.label_groups) {
    if (known.labelGroups.has(group.name)) continue;
    const { href } = await api.post<Named>('/sec_policy/draft/label_groups', {
      name: group.name,
      key: group.key,
      labels: [],
      sub_groups: [],
    });
    known.labelGroups.set(group.name, href);
    made.add(href);
  }
  const groupsNow = policy.label_groups.length === 0 ? groups : await draft('label_groups');
  for (const [i, group] of policy.label_groups.entries()) {
    await place(
      'label group',
      'label_groups',
      translate.labelGroup(group, ['label_groups', i]),
      known.labelGroups,
      groupsNow,
    );
  }
  const [ruleSets, boundaries] = [await draft('rule_sets'), await draft('enforcement_boundaries')];
  const unnamed = new Map<string, string>();
  for (const [i, set] of policy.rule_sets.entries())
    await place('rule set', 'rule_sets', translate.ruleSet(set, ['rule_sets', i]), unnamed, ruleSets);
  for (const [i, one] of policy.boundaries.entries())
    await place(
      'boundary',
      'enforcement_boundaries',
      translate.boundary(one, ['boundaries', i]),
      unnamed,
      boundaries,
    );
  return applied;
}

interface WritableNames extends KnownNames {
  readonly labels: Map<string, string>;
  readonly labelGroups: Map<string, string>;
  readonly ipLists: Map<string, string>;
  readonly services: Map<string, string>;
}

async function readKnown(api: ApiClient): Promise<WritableNames> {
  const hrefs = async (collection: string): Promise<Map<string, string>> =>
    new Map((await api.all<Named>(`/sec_policy/draft/${collection}`)).map(({ name, href }) => [name, href]));
  const labels = await api.all<{ href: string; key: string; value: string }>('/labels');
  const hosts = await api.all<{ href: string; name: string | null; hostname: string | null }>('/workloads');
  const pods = await api.all<{ href: string; name: string; namespace: string }>('/kubernetes_workloads');
  return {
    labels: new Map(labels.map(({ key, value, href }) => [`${key}=${value}`, href])),
    labelGroups: await hrefs('label_groups'),
    ipLists: await hrefs('ip_lists'),
    services: await hrefs('services'),
    workloads: new Map([
      ...hosts.map(({ name, hostname, href }) => [name ?? hostname ?? href, href] as const),
      ...pods.map(({ namespace, name, href }) => [`${namespace}/${name}`, href] as const),
    ]),
  };
}

async function ensureLabel(
  api: ApiClient,
  known: WritableNames,
  key: string,
  value: string,
): Promise<Applied> {
  const name = `${key}=${value}`;
  if (known.labels.has(name)) return { kind: 'label', name, change: 'unchanged' };
  const { href } = await api.post<{ href: string }>('/labels', { key, value });
  known.labels.set(name, href);
  return { kind: 'label', name, change: 'created' };
}

async function bring(
  api: ApiClient,
  collection: string,
  body: Json,
  existing: Named | undefined,
): Promise<{ href: string; change: Applied['change'] }> {
  if (existing === undefined) {
    const { href } = await api.post<Named>(`/sec_policy/draft/${collection}`, body);
    return { href, change: 'created' };
  }
  if (saysTheSame(existing, body)) return { href: existing.href, change: 'unchanged' };
  await api.put(existing.href, changeOf(collection, body, existing));
  return { href: existing.href, change: 'changed' };
}

/** Rules that stay keep their hrefs; a label group's key cannot change. */
function changeOf(collection: string, body: Json, existing: Named): Json {
  if (collection === 'label_groups') {
    const { key: _, ...rest } = body;
    return rest;
  }
  if (collection !== 'rule_sets') return body;
  const list = (from: Json, field: string): readonly Json[] => (from[field] ?? []) as readonly Json[];
  return {
    ...body,
    rules: withExistingHrefs(list(existing, 'rules'), list(body, 'rules')),
    deny_rules: withExistingHrefs(list(existing, 'deny_rules'), list(body, 'deny_rules')),
  };
}

/** Service names may repeat; the first one counts, as it does for every client that asks by name. */
function byName(objects: readonly Named[]): ReadonlyMap<string, Named> {
  return new Map([...objects].reverse().map((object) => [object.name, object]));
}
