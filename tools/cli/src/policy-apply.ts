/**
 * Makes the draft say what a policy file says: creates what is missing, changes what differs, leaves the rest alone, by name. Objects that the file does not
 * name are not touched. Repeating it changes nothing.
 */
import type { ApiClient } from './api.client.js';
import { refused } from './failure.js';
import { inFileWords } from './file-words.js';
import { saysTheSame, withExistingHrefs } from './policy-comparison.js';
import type { ParsedPolicy, PolicyFile } from './policy-file.js';
import { policyTranslation } from './policy-translation.js';
import type { KnownNames, PolicyTranslation } from './policy-translation.js';

type Json = Readonly<Record<string, unknown>>;
interface Named extends Json {
  readonly href: string;
  readonly name: string;
}
export interface Applied {
  readonly href: string;
  readonly kind: string;
  readonly name: string;
  readonly change: 'created' | 'changed' | 'unchanged';
}

/** A kind of object of the file, in the order in which kinds need each other. */
interface Kind {
  readonly word: string;
  readonly collection: string;
  bodies(translate: PolicyTranslation, policy: PolicyFile): readonly Json[];
  /** Where later objects find the hrefs of these. */
  names(known: WritableNames): Map<string, string> | undefined;
}
const KINDS: readonly Kind[] = [
  {
    word: 'IP list',
    collection: 'ip_lists',
    bodies: (translate, policy) => policy.ip_lists.map((list, i) => translate.ipList(list, ['ip_lists', i])),
    names: (known) => known.ipLists,
  },
  {
    word: 'service',
    collection: 'services',
    bodies: (translate, policy) => policy.services.map((one, i) => translate.service(one, ['services', i])),
    names: (known) => known.services,
  },
  {
    word: 'label group',
    collection: 'label_groups',
    bodies: (translate, policy) =>
      policy.label_groups.map((group, i) => translate.labelGroup(group, ['label_groups', i])),
    names: (known) => known.labelGroups,
  },
  {
    word: 'rule set',
    collection: 'rule_sets',
    bodies: (translate, policy) => policy.rule_sets.map((set, i) => translate.ruleSet(set, ['rule_sets', i])),
    names: () => undefined,
  },
  {
    word: 'boundary',
    collection: 'enforcement_boundaries',
    bodies: (translate, policy) =>
      policy.boundaries.map((one, i) => translate.boundary(one, ['boundaries', i])),
    names: () => undefined,
  },
];

export async function applyPolicy(api: ApiClient, { policy, at }: ParsedPolicy): Promise<Applied[]> {
  const known = await readKnown(api);
  refuseUnknownNames(known, policy, at);
  const applied = await ensureLabels(api, known, policy.labels);
  const made = await makeEmptyGroups(api, known, policy);
  const translate = policyTranslation(known, at);
  for (const kind of KINDS) {
    const bodies = kind.bodies(translate, policy);
    if (bodies.length === 0) continue;
    const existing = byName(await api.all<Named>(`/sec_policy/draft/${kind.collection}`));
    for (const body of bodies) {
      const name = String(body['name']);
      const { href, change } = await bring(api, kind.collection, body, existing.get(name)).catch(
        (cause: unknown) => {
          throw inFileWords(cause, `${kind.word} "${name}"`);
        },
      );
      kind.names(known)?.set(name, href);
      applied.push({ href, kind: kind.word, name, change: made.has(href) ? 'created' : change });
    }
  }
  return applied;
}

/** Before anything is sent: translates everything as if what the file makes were there already. */
function refuseUnknownNames(known: KnownNames, policy: PolicyFile, at: ParsedPolicy['at']): void {
  const withOwn = (names: ReadonlyMap<string, string>, own: readonly string[]): Map<string, string> =>
    new Map([...names, ...own.map((name) => [name, ''] as const)]);
  const named = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);
  const translate = policyTranslation(
    {
      labels: withOwn(
        known.labels,
        policy.labels.map(({ key, value }) => `${key}=${value}`),
      ),
      labelGroups: withOwn(known.labelGroups, named(policy.label_groups)),
      ipLists: withOwn(known.ipLists, named(policy.ip_lists)),
      services: withOwn(known.services, named(policy.services)),
      workloads: known.workloads,
    },
    at,
  );
  for (const kind of KINDS) kind.bodies(translate, policy);
}

/** Groups may name groups further down in the file: first that they exist, then what is in them. Answers hrefs of new ones. */
async function makeEmptyGroups(
  api: ApiClient,
  known: WritableNames,
  policy: PolicyFile,
): Promise<ReadonlySet<string>> {
  const made = new Set<string>();
  for (const { name, key } of policy.label_groups) {
    if (known.labelGroups.has(name)) continue;
    const { href } = await api.post<Named>('/sec_policy/draft/label_groups', {
      name,
      key,
      labels: [],
      sub_groups: [],
    });
    known.labelGroups.set(name, href);
    made.add(href);
  }
  return made;
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
  const [labels, labelGroups, ipLists, services, hosts, pods] = await Promise.all([
    api.all<{ href: string; key: string; value: string }>('/labels'),
    hrefs('label_groups'),
    hrefs('ip_lists'),
    hrefs('services'),
    api.all<{ href: string; name: string | null; hostname: string | null }>('/workloads'),
    api.all<{ href: string; name: string; namespace: string }>('/kubernetes_workloads'),
  ]);
  return {
    labels: new Map(labels.map(({ key, value, href }) => [`${key}=${value}`, href])),
    labelGroups,
    ipLists,
    services,
    workloads: new Map([
      ...hosts.map(({ name, hostname, href }) => [name ?? hostname ?? href, href] as const),
      ...pods.map(({ namespace, name, href }) => [`${namespace}/${name}`, href] as const),
    ]),
  };
}

/** The server takes no more in one call. */
const AT_ONCE = 1_000;

async function ensureLabels(
  api: ApiClient,
  known: WritableNames,
  labels: PolicyFile['labels'],
): Promise<Applied[]> {
  const wanted = new Map(labels.map((label) => [`${label.key}=${label.value}`, label]));
  const missing = [...wanted].filter(([name]) => !known.labels.has(name));
  for (let from = 0; from < missing.length; from += AT_ONCE) {
    const some = missing.slice(from, from + AT_ONCE);
    const made = await api.put<MadeLabel[]>(
      LABELS_AT_ONCE,
      some.map(([, label]) => label),
    );
    for (const [index, [name]] of some.entries()) known.labels.set(name, hrefOf(name, made[index]));
  }
  const created = new Set(missing.map(([name]) => name));
  return [...wanted.keys()].map((name) => ({
    href: known.labels.get(name)!,
    kind: 'label',
    name,
    change: created.has(name) ? 'created' : 'unchanged',
  }));
}

export const LABELS_AT_ONCE = '/labels/bulk_create';
interface MadeLabel {
  readonly href?: string;
  readonly message?: string;
  readonly token?: string;
}

function hrefOf(name: string, made: MadeLabel | undefined): string {
  if (made?.href === undefined)
    throw refused(`label ${name}: ${made?.message ?? 'not created'} (${made?.token ?? 'no token'})`);
  return made.href;
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
