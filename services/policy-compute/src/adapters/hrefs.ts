/** Hrefs of policy objects and versions, both ways. */
import { PROVISIONABLE_TYPES } from '@ringfence/contracts';
import type { ObjectKey } from '../domain/policy-object.js';
import { memberHref } from '../objects/hrefs.js';
import { kindOf } from '../objects/kinds.js';

/** Of the one object of a type that has a single one. */
export const SINGLE_ID = '1';

export const versionHref = (version: number | 'draft'): string => `/orgs/1/sec_policy/${version}`;

export const objectHref = (key: ObjectKey, pversion: string): string =>
  kindOf(key.type).ids === 'single'
    ? `/orgs/1/sec_policy/${pversion}/${key.type}`
    : memberHref(key, pversion);

/** Of a policy object of any type; rules stand for their rule set, with which they travel. */
export function objectKeyOf(href: string): ObjectKey | null {
  const [, orgs, org, secPolicy, , word, idInHref] = href.split('/');
  const type = PROVISIONABLE_TYPES.find((each) => each === word);
  if (orgs !== 'orgs' || org !== '1' || secPolicy !== 'sec_policy' || type === undefined) return null;
  const id = kindOf(type).ids === 'single' ? SINGLE_ID : idInHref;
  return id === undefined ? null : { type, id };
}
