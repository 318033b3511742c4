/** Policy objects of every type, and provisioning. */
import { API, PROVISIONABLE_TYPES } from '@ringfence/contracts';
import type { ProvisionableType } from '@ringfence/contracts';
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';

const ORG = '/orgs/{org}';
const POLICY = `${ORG}/sec_policy/{pversion}`;

const { action, collection, single } = routesOf('policy-compute');

const MEMBERS = {
  member_of: 'Lists the groups that hold this one.',
  all_labels: 'Lists the labels of the group and of the groups in it.',
};

const BULK = [
  {
    type: 'ip_lists',
    op: 'bulk_upload',
    says: 'Takes whole IP lists: one with an `href`, or of a name that a list has, changes that list; another is made.',
  },
  {
    type: 'virtual_services',
    op: 'bulk_create',
    says: 'Creates virtual services, each answered in its place.',
  },
  {
    type: 'virtual_services',
    op: 'bulk_update',
    says: 'Changes virtual services, each answered in its place.',
  },
] as const;

/** Of one type: a collection, or the one object of a type that cannot be created. */
function objectRoutes(type: ProvisionableType): Route[] {
  const path = `${POLICY}/${type}`;
  return API[type]!.create === undefined ? single(type, path) : collection(type, path);
}

export const policyRoutes: readonly Route[] = [
  ...PROVISIONABLE_TYPES.flatMap(objectRoutes),
  ...Object.entries(MEMBERS).map(([op, says]) =>
    action({
      method: 'GET',
      path: `${POLICY}/label_groups/{id}/${op}`,
      collection: 'label_groups',
      op,
      many: true,
      says,
    }),
  ),
  ...BULK.map(({ type, op, says }) =>
    action({ method: 'PUT', path: `${POLICY}/${type}/${op}`, collection: type, op, body: 'action', says }),
  ),
  ...['sec_rules', 'deny_rules'].flatMap((rules) =>
    collection(`rule_sets/${rules}`, `${POLICY}/rule_sets/{rule_set}/${rules}`),
  ),
  ...collection('service_bindings', `${ORG}/service_bindings`, ['list', 'create', 'get', 'delete']),
  ...collection('security_principals', `${ORG}/security_principals`),
  action({
    method: 'PUT',
    path: `${ORG}/security_principals/bulk_create`,
    collection: 'security_principals',
    op: 'bulk_create',
    body: 'action',
    says: 'Creates security principals, each answered in its place.',
  }),
  ...collection('sec_policy', `${ORG}/sec_policy`, ['list', 'get']),
  action({
    method: 'POST',
    path: `${ORG}/sec_policy`,
    collection: 'sec_policy',
    op: 'provision',
    body: 'action',
    success: 201,
    says: 'Puts drafts in force, all that are pending or `change_subset`, as one new version: as a whole or not at all.',
  }),
  action({
    method: 'GET',
    path: `${ORG}/sec_policy/pending`,
    collection: 'sec_policy',
    op: 'pending',
    says: 'Lists the drafts that are not in force yet, by type; `{}`: there are none.',
  }),
  action({
    method: 'DELETE',
    path: `${ORG}/sec_policy/pending`,
    collection: 'sec_policy',
    op: 'revert_pending',
    success: 204,
    says: 'Reverts all drafts to what is in force.',
  }),
  action({
    method: 'PUT',
    path: `${ORG}/sec_policy/delete`,
    collection: 'sec_policy',
    op: 'revert',
    body: 'action',
    success: 204,
    says: 'Reverts the drafts of `change_subset`, or all of them, to what is in force.',
  }),
  action({
    method: 'POST',
    path: `${POLICY}/dependencies`,
    collection: 'sec_policy',
    op: 'dependencies',
    body: 'action',
    says: 'Names what else must be provisioned, or reverted, with the chosen drafts.',
    needs: 'read',
    anyVersion: true,
  }),
  action({
    method: 'POST',
    path: `${ORG}/sec_policy/impact`,
    collection: 'sec_policy',
    op: 'impact',
    body: 'action',
    says: 'Counts whom provisioning would concern.',
    needs: 'read',
  }),
  action({
    method: 'POST',
    path: `${POLICY}/suggest`,
    collection: 'sec_policy',
    op: 'suggest',
    body: 'action',
    says: 'Suggests the fewest rules that let pass what was seen, with the evidence of each; nothing is stored.',
    needs: 'read',
  }),
  action({
    method: 'POST',
    path: `${POLICY}/what_if`,
    collection: 'sec_policy',
    op: 'what_if',
    body: 'action',
    says: 'Says who could talk, or could not any more, if this were in force; nothing is stored.',
    needs: 'read',
    anyVersion: true,
  }),
  action({
    method: 'POST',
    path: `${POLICY}/network_policies`,
    collection: 'sec_policy',
    op: 'network_policies',
    body: 'action',
    says: 'Writes rule sets as NetworkPolicies of Kubernetes, for clusters without agents, and names what those cannot say.',
    needs: 'read',
    anyVersion: true,
  }),
  ...Object.entries({
    rule_search: 'Lists rules by what they name: a side that is left out is any.',
    rule_coverage: 'Names for each pair of ends, and each of its services, the rules that speak about it.',
  }).map(([op, says]) =>
    action({
      ...{ method: 'POST', path: `${POLICY}/${op}`, collection: 'sec_policy', op, body: 'action' },
      ...{ needs: 'read', anyVersion: true, says },
    }),
  ),
  ...Object.entries({
    policy_check: 'Lists the rules that speak about a connection, by their kind.',
    allow: 'Lists the rules that allow a connection.',
  }).map(([op, says]) =>
    action({ method: 'GET', path: `${POLICY}/${op}`, collection: 'sec_policy', op, says }),
  ),
  action({
    method: 'POST',
    path: `${POLICY}/restore`,
    collection: 'sec_policy',
    op: 'restore',
    body: 'action',
    says: 'Makes drafts that lead back to this version; refused while anything is pending.',
    success: 201,
    anyVersion: true,
  }),
  action({
    method: 'GET',
    path: `${POLICY}/modified_objects`,
    collection: 'sec_policy',
    op: 'modified_objects',
    says: 'Lists what this version changed.',
    many: true,
  }),
];
