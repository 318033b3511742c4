/** Hrefs in bodies, both ways. Draft and active hrefs differ in one segment only, and either names the object. */
import type { EntityFact } from '../domain/facts.js';
import type { ObjectKey } from '../domain/policy-object.js';
import type { ReferenceKind } from '../domain/references.js';
import { InvalidBody } from './invalid.js';

const ORG = '/orgs/1';

export const labelHref = (id: string): string => `${ORG}/labels/${id}`;
/** Of an object that stands in a collection. */
export const memberHref = (key: ObjectKey, pversion: string): string =>
  `${ORG}/sec_policy/${pversion}/${key.type}/${key.id}`;

export type RuleCollection = 'sec_rules' | 'deny_rules' | 'ip_tables_rules';
export const ruleHref = (ruleSet: string, collection: RuleCollection, id: string, pversion: string): string =>
  `${memberHref({ type: 'rule_sets', id: ruleSet }, pversion)}/${collection}/${id}`;

export function workloadHref(id: string, entity: Pick<EntityFact, 'class'> | undefined): string {
  const isKubernetes = entity?.class === 'pod' || entity?.class === 'service';
  return `${ORG}/${isKubernetes ? 'kubernetes_workloads' : 'workloads'}/${id}`;
}

/** `field` is where the href stands, for the message. */
export function idOf(href: string, collection: ReferenceKind, field: string): string {
  const path = href
    .split('?')[0]!
    .split('/')
    .filter((part) => part !== '');
  const words: readonly string[] =
    collection === 'workloads' ? ['workloads', 'kubernetes_workloads', 'container_workloads'] : [collection];
  const [word, id] = path.slice(-2);
  if (
    path[0] !== 'orgs' ||
    path[1] !== '1' ||
    word === undefined ||
    id === undefined ||
    !words.includes(word)
  ) {
    throw new InvalidBody(`${field}: "${href}" is no href of ${words.join(' or ')}`);
  }
  return id;
}

/** The id of a rule that an entry of a rule set's `rules` names. */
export function ruleIdOf(href: string, collection: RuleCollection): string {
  const [word, id] = href.split('/').slice(-2);
  if (word !== collection || id === undefined || id === '')
    throw new InvalidBody(`${collection}: "${href}" is no href of ${collection}`);
  return id;
}
