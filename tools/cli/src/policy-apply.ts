/**
 * Makes the draft say what policy documents say: creates what is missing, changes what differs, deletes what its owner names no more, leaves the rest
 * alone, all by name. Planned first (`policyPlan`), then sent; where nothing differs nothing is sent.
 */
import type { ApiClient } from './api.client.js';
import { EXIT, Failure, usage } from './failure.js';
import { inWordsOf } from './file-words.js';
import { policyDifference, saysTheSame, withDocuments } from './policy-difference.js';
import type { ObjectDifference } from './policy-difference.js';
import type { ParsedPolicy } from './policy-documents.js';
import type { PolicyFile } from './policy-file.js';
import { KIND_WORDS, NAMED_KINDS } from './policy-kinds.js';
import type { NamedKind } from './policy-kinds.js';
import { readingOnce } from './policy-held.js';
import { COLLECTIONS, readPolicy } from './policy-in-words.js';
import type { PolicyInWords } from './policy-in-words.js';
import { booksOf, readKnown, withOwn } from './policy-known.js';
import type { Existing, Known } from './policy-known.js';
import { ensureLabels, ensureLabelTypes } from './policy-labels.js';
import { ownerOf, referenceOf, strangerOf } from './policy-owner.js';
import { rulesWithHrefs } from './policy-rule-hrefs.js';
import { policyTranslation } from './policy-translation.js';
import type { Body, PolicyTranslation } from './policy-translation.js';

export interface Applied {
  readonly href: string;
  readonly kind: string;
  readonly name: string;
  /** `waiting`: what names it is still in force, and it can only be deleted after that. */
  readonly change: 'created' | 'changed' | 'unchanged' | 'deleted' | 'waiting';
}

export interface PolicyPlan {
  readonly parsed: ParsedPolicy;
  readonly known: Known;
  /** What all of it was made of: bodies as text, by href. */
  readonly read: ReadonlyMap<string, string>;
  readonly draft: PolicyInWords;
  /** What the draft is to say. */
  readonly wanted: PolicyInWords;
  /** Labels that are not there yet, `key=value`. */
  readonly newLabels: readonly string[];
  /** What the draft would say otherwise. */
  readonly differences: readonly ObjectDifference[];
}

export async function policyPlan(client: ApiClient, parsed: ParsedPolicy): Promise<PolicyPlan> {
  const { api, read } = readingOnce(client);
  const [known, { policy: draft }] = await Promise.all([readKnown(api), readPolicy(api, 'draft')]);
  const { policy } = parsed;
  refuseWhatCannotBe(known, parsed);
  const labels = new Set(policy.labels.map(({ key, value }) => `${key}=${value}`));
  const wanted = withDocuments(draft, parsed);
  return {
    parsed,
    known,
    read,
    draft,
    wanted,
    newLabels: [...labels].filter((label) => !known.labels.has(label)),
    differences: policyDifference(draft, wanted),
  };
}

/** Before anything is sent: translates everything, and looks at who owns what. */
function refuseWhatCannotBe(known: Known, { policy, at }: ParsedPolicy): void {
  const translate = policyTranslation(withOwn(known, policy), at);
  for (const kind of NAMED_KINDS)
    for (const [index, body] of bodiesOf(kind, translate, policy).entries()) {
      const owner = policy[kind][index]!.owner;
      refuseWhatIsThere(known, { kind, body, owner }, (field) => at([kind, index, field]));
    }
  for (const [index, service] of policy.virtual_services.entries())
    for (const [place, bound] of (service.workloads ?? []).entries())
      translate.binding(bound, ['virtual_services', index, 'workloads', place]);
  if (policy.firewall_settings !== undefined) translate.firewallSettings(policy.firewall_settings);
}

interface Placed {
  readonly kind: NamedKind;
  readonly body: Body;
  readonly owner: string | undefined;
}

/** What has this name and cannot become what is wanted. */
function refuseWhatIsThere(known: Known, { kind, body, owner }: Placed, at: (field: string) => string): void {
  const [existing, ...more] = known.existing[kind].filter(({ name }) => name === body['name']);
  if (existing === undefined) return;
  const { name } = existing;
  if (more.length > 0)
    throw usage(`${at('name')}: ${String(more.length + 1)} of ${KIND_WORDS[kind]} are called "${name}"`);
  refuseOwnerOfAnother(owner, kind, existing, at('name'));
  if (existing.update_type === 'delete')
    throw usage(`${at('name')}: "${name}" is marked for deletion: provision or revert that first`);
  if (kind === 'label_groups' && existing['key'] !== body['key'])
    throw usage(`${at('key')}: the type of a label group cannot change`);
}

function refuseOwnerOfAnother(
  owner: string | undefined,
  kind: NamedKind,
  existing: Existing,
  place: string,
): void {
  if (owner === undefined) return;
  const [other, stranger] = [ownerOf(kind, existing), strangerOf(kind, existing)];
  if (stranger !== undefined)
    throw usage(`${place}: "${existing.name}" belongs to the data set "${stranger}" of another program`);
  if (other !== undefined && other !== owner)
    throw usage(`${place}: "${existing.name}" belongs to "${other}", not to "${owner}"`);
}

function bodiesOf(kind: NamedKind, translate: PolicyTranslation, policy: PolicyFile): Body[] {
  switch (kind) {
    case 'label_groups':
      return policy.label_groups.map((one, i) => translate.labelGroup(one, [kind, i]));
    case 'ip_lists':
      return policy.ip_lists.map((one, i) => translate.ipList(one, [kind, i]));
    case 'services':
      return policy.services.map((one, i) => translate.service(one, [kind, i]));
    case 'virtual_services':
      return policy.virtual_services.map((one, i) => translate.virtualService(one, [kind, i]));
    case 'rule_sets':
      return policy.rule_sets.map((one, i) => translate.ruleSet(one, [kind, i]));
    case 'boundaries':
      return policy.boundaries.map((one, i) => translate.boundary(one, [kind, i]));
  }
}

export async function applyPlan(api: ApiClient, plan: PolicyPlan): Promise<Applied[]> {
  const { parsed, known } = plan;
  const applied = [...(await ensureLabelTypes(api, plan)), ...(await ensureLabels(api, plan))];
  const made = await makeEmptyGroups(api, known, parsed.policy);
  const translate = policyTranslation(known, parsed.at);
  for (const kind of NAMED_KINDS)
    for (const [index, body] of bodiesOf(kind, translate, parsed.policy).entries()) {
      const one = await bring(api, plan, { kind, index, body }).catch(
        inWordsOf(KIND_WORDS[kind], String(body['name'])),
      );
      booksOf(known)[kind]?.set(one.name, one.href);
      applied.push(made.has(one.href) ? { ...one, change: 'created' } : one);
    }
  applied.push(...(await bringFirewallSettings(api, plan, translate)));
  return [...applied, ...(await deleteUnnamed(api, plan))];
}

/** Groups may name groups further down: first that they exist, then what is in them. Answers hrefs of new ones. */
async function makeEmptyGroups(
  api: ApiClient,
  known: Known,
  policy: PolicyFile,
): Promise<ReadonlySet<string>> {
  const made = new Set<string>();
  for (const { name, key } of policy.label_groups) {
    if (known.labelGroups.get(name) !== undefined) continue;
    const { href } = await api
      .post<Existing>('/sec_policy/draft/label_groups', { name, key, labels: [], sub_groups: [] })
      .catch(inWordsOf(KIND_WORDS.label_groups, name));
    known.labelGroups.set(name, href);
    made.add(href);
  }
  return made;
}

interface Wanted {
  readonly kind: NamedKind;
  readonly index: number;
  readonly body: Body;
}

async function bring(api: ApiClient, plan: PolicyPlan, { kind, index, body }: Wanted): Promise<Applied> {
  const { parsed, known, draft, wanted } = plan;
  const words = parsed.policy[kind][index]!;
  const isIt = ({ name }: { readonly name?: unknown }): boolean => name === words.name;
  const done = { kind: KIND_WORDS[kind], name: words.name };
  const owned = words.owner === undefined ? body : { ...body, ...ownedBy(words.owner, kind, words.name) };
  const existing = known.existing[kind].find(isIt);
  const made = kind === 'label_groups' ? known.labelGroups.get(words.name) : undefined;
  const { key: _, ...change } = owned as Body & { key?: unknown };
  if (existing === undefined && made !== undefined) {
    await api.put(made, change);
    return { ...done, href: made, change: 'created' };
  }
  if (existing === undefined) {
    const { href } = await api.post<Existing>(`/sec_policy/draft/${COLLECTIONS[kind]}`, owned);
    return { ...done, href, change: 'created' };
  }
  const { href } = existing;
  const before = draft[kind].find(isIt);
  if (before !== undefined && saysTheSame(kind, unbound(before), unbound(wanted[kind].find(isIt)!)))
    return { ...done, href, change: 'unchanged' };
  const set = kind === 'rule_sets' ? parsed.policy.rule_sets[index] : undefined;
  await api.put(href, set === undefined ? change : rulesWithHrefs(change, existing, { set, before }));
  return { ...done, href, change: 'changed' };
}

/** Who is bound to a virtual service is no part of its body. */
const unbound = ({
  workloads: _,
  ...words
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => words;

const ownedBy = (owner: string, kind: NamedKind, name: string): Body => ({
  external_data_set: owner,
  external_data_reference: referenceOf(kind, name),
});

async function bringFirewallSettings(
  api: ApiClient,
  { parsed: { policy }, known, differences }: PolicyPlan,
  translate: PolicyTranslation,
): Promise<Applied[]> {
  if (policy.firewall_settings === undefined) return [];
  const differs = differences.some(({ kind }) => kind === 'firewall_settings');
  const href = known.firewallSettings;
  if (differs)
    await api
      .put(href, translate.firewallSettings(policy.firewall_settings))
      .catch(inWordsOf('firewall', 'settings'));
  return [{ href, kind: KIND_WORDS.firewall_settings, name: '', change: differs ? 'changed' : 'unchanged' }];
}

/** Rule sets and boundaries first: they name the others. What something in force still names is told as waiting. */
async function deleteUnnamed(api: ApiClient, { known, differences }: PolicyPlan): Promise<Applied[]> {
  const unnamed = NAMED_KINDS.toReversed().flatMap((kind) =>
    differences.flatMap((one): Applied[] => {
      if (one.kind !== kind || one.change !== 'deleted') return [];
      // Services may share a name: only the one that is owned goes.
      const found = known.existing[kind].find(
        (each) => each.name === one.name && ownerOf(kind, each) !== undefined,
      );
      if (found === undefined) return [];
      const { href } = found;
      return [{ href, kind: KIND_WORDS[kind], name: one.name, change: 'waiting' }];
    }),
  );
  return deleteAll(api, unnamed);
}

/** Each time round fewer of them are named by others of them. */
export async function deleteAll(api: ApiClient, waiting: readonly Applied[]): Promise<Applied[]> {
  let left = [...waiting];
  const deleted: Applied[] = [];
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    const refusedOnes: Applied[] = [];
    for (const one of left) {
      if (await isDeleted(api, one.href).catch(inWordsOf(one.kind, one.name)))
        deleted.push({ ...one, change: 'deleted' });
      else refusedOnes.push(one);
    }
    left = refusedOnes;
  }
  return [...deleted, ...left];
}

async function isDeleted(api: ApiClient, href: string): Promise<boolean> {
  try {
    await api.remove(href);
    return true;
  } catch (error) {
    if (
      error instanceof Failure &&
      error.exitCode === EXIT.refused &&
      /_referenced|_in_use|referenced_by/.test(error.message)
    )
      return false;
    throw error;
  }
}
