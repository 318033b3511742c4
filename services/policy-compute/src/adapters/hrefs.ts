/** Hrefs of the API, both ways. Draft and active hrefs differ in one segment only, and either names the object. */
import type { ProvisionableType } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import type { EntityFact } from '../domain/facts.js';
import type { ObjectKey } from '../domain/policy-object.js';
import { OBJECT_TYPES } from '../domain/policy-book.js';

const ORG = '/orgs/1';

export const labelHref = (id: string): string => `${ORG}/labels/${id}`;
export const versionHref = (version: number): string => `${ORG}/sec_policy/${version}`;
export const objectHref = (key: ObjectKey, pversion: string): string =>
  `${ORG}/sec_policy/${pversion}/${key.type}/${key.id}`;

export type RuleCollection = 'sec_rules' | 'deny_rules';
export const ruleHref = (ruleSet: string, collection: RuleCollection, id: string, pversion: string): string =>
  `${objectHref({ type: 'rule_sets', id: ruleSet }, pversion)}/${collection}/${id}`;

export function workloadHref(id: string, entity: EntityFact | undefined): string {
  const isKubernetes = entity?.class === 'pod' || entity?.class === 'service';
  return `${ORG}/${isKubernetes ? 'kubernetes_workloads' : 'workloads'}/${id}`;
}

/** `field` is where the href stands, for the message. */
export function idOf(
  href: string,
  collection: 'labels' | 'workloads' | 'virtual_services' | ProvisionableType,
  field: string,
): string {
  const path = href
    .split('?')[0]!
    .split('/')
    .filter((part) => part !== '');
  const words: readonly string[] =
    collection === 'workloads' ? ['workloads', 'kubernetes_workloads', 'container_workloads'] : [collection];
  const [word, id] = path.slice(-2);
  if (path[0] !== 'orgs' || word === undefined || id === undefined || !words.includes(word)) {
    throw invalid(`${field}: "${href}" is no href of ${words.join(' or ')}`);
  }
  return id;
}

/** Of a policy object of any type; rules stand for their rule set, with which they travel. */
export function objectKeyOf(href: string): ObjectKey | null {
  const [, orgs, , secPolicy, , type, id] = href.split('/');
  const known = OBJECT_TYPES.find((each) => each === type);
  return orgs === 'orgs' && secPolicy === 'sec_policy' && known !== undefined && id !== undefined
    ? { type: known, id }
    : null;
}

/** The id of a rule that an entry of a rule set's `rules` names. */
export function ruleIdOf(href: string, collection: RuleCollection): string {
  const [word, id] = href.split('/').slice(-2);
  if (word !== collection || id === undefined || id === '')
    throw invalid(`${collection}: "${href}" is no href of ${collection}`);
  return id;
}
