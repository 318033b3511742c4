/** Policy objects of every type, and provisioning. */
import { API, PROVISIONABLE_TYPES } from '@ringfence/contracts';
import type { ProvisionableType } from '@ringfence/contracts';
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';

const ORG = '/orgs/{org}';
const POLICY = `${ORG}/sec_policy/{pversion}`;

const { action, collection, single } = routesOf('policy-compute');

/** Of one type: a collection, or the one object of a type that cannot be created. */
function objectRoutes(type: ProvisionableType): Route[] {
  const path = `${POLICY}/${type}`;
  return API[type]!.create === undefined ? single(type, path) : collection(type, path);
}

export const policyRoutes: readonly Route[] = [
  ...PROVISIONABLE_TYPES.flatMap(objectRoutes),
  ...['member_of', 'all_labels'].map((op) =>
    action({
      method: 'GET',
      path: `${POLICY}/label_groups/{id}/${op}`,
      collection: 'label_groups',
      op,
      many: true,
    }),
  ),
  ...['sec_rules', 'deny_rules'].flatMap((rules) =>
    collection(`rule_sets/${rules}`, `${POLICY}/rule_sets/{rule_set}/${rules}`),
  ),
  ...collection('sec_policy', `${ORG}/sec_policy`, ['list', 'get']),
  action({
    method: 'POST',
    path: `${ORG}/sec_policy`,
    collection: 'sec_policy',
    op: 'provision',
    body: 'action',
    success: 201,
  }),
  action({
    method: 'GET',
    path: `${ORG}/sec_policy/pending`,
    collection: 'sec_policy',
    op: 'pending',
  }),
  action({
    method: 'DELETE',
    path: `${ORG}/sec_policy/pending`,
    collection: 'sec_policy',
    op: 'revert_pending',
    success: 204,
  }),
  action({
    method: 'PUT',
    path: `${ORG}/sec_policy/delete`,
    collection: 'sec_policy',
    op: 'revert',
    body: 'action',
    success: 204,
  }),
  action({
    method: 'POST',
    path: `${POLICY}/dependencies`,
    collection: 'sec_policy',
    op: 'dependencies',
    body: 'action',
    needs: 'read',
    anyVersion: true,
  }),
  action({
    method: 'POST',
    path: `${ORG}/sec_policy/impact`,
    collection: 'sec_policy',
    op: 'impact',
    body: 'action',
    needs: 'read',
  }),
  action({
    method: 'POST',
    path: `${POLICY}/suggest`,
    collection: 'sec_policy',
    op: 'suggest',
    body: 'action',
    needs: 'read',
  }),
  action({
    method: 'POST',
    path: `${POLICY}/what_if`,
    collection: 'sec_policy',
    op: 'what_if',
    body: 'action',
    needs: 'read',
    anyVersion: true,
  }),
  action({
    method: 'POST',
    path: `${POLICY}/restore`,
    collection: 'sec_policy',
    op: 'restore',
    body: 'action',
    success: 201,
    anyVersion: true,
  }),
  action({
    method: 'GET',
    path: `${POLICY}/modified_objects`,
    collection: 'sec_policy',
    op: 'modified_objects',
    many: true,
  }),
];
