/** The one door for REST requests that the gateway hands on: by collection, to who answers it. */
import { PROVISIONABLE_TYPES } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { CallError } from '@ringfence/bus';
import { oneBulkAtATime, refuseUnjudged } from '@ringfence/resources';
import type { Operation } from '@ringfence/resources';
import { answerBindings } from './binding-resources.js';
import { answerBulk, bulkOperation } from './bulk-objects.js';
import { answerObjects } from './object-resources.js';
import { answerPrincipals } from './principal-resources.js';
import { answerProvisioning } from './provision-resources.js';
import { answerSecondPerson } from './second-person-resource.js';
import { asCallError } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';
import { answerRules } from './rule-resources.js';

/** Each with a bulk call at a time, of this process. */
const BULK_COLLECTIONS = ['ip_lists', 'virtual_services', 'security_principals'];

/** Its answers throw CallError for every refusal; anything else that is thrown is a fault of ours. */
export function policyAnswerer(context: ResourceContext): Operation {
  const answer: Operation = (request) => dispatch(context, request);
  const alone = new Map(
    BULK_COLLECTIONS.map((collection) => [
      collection,
      oneBulkAtATime({ bulk_create: answer, bulk_update: answer, bulk_upload: answer }),
    ]),
  );
  return async (request) => {
    try {
      return await (alone.get(request.collection)?.[request.op] ?? answer)(request);
    } catch (error) {
      throw asCallError(error);
    }
  };
}

const UNDRAFTED: ReadonlyMap<
  string,
  (context: ResourceContext, request: ResourceRequest) => Promise<ResourceResponse>
> = new Map([
  ['service_bindings', answerBindings],
  ['security_principals', answerPrincipals],
  ['second_person', answerSecondPerson],
  ['sec_policy', answerProvisioning],
]);

function dispatch(context: ResourceContext, request: ResourceRequest): Promise<ResourceResponse> {
  const { collection } = request;
  refuseUnjudged(request, isJudged);
  const undrafted = UNDRAFTED.get(collection);
  if (undrafted !== undefined) return undrafted(context, request);
  if (collection === 'rule_sets/sec_rules') return answerRules(context, 'sec_rules', request);
  if (collection === 'rule_sets/deny_rules') return answerRules(context, 'deny_rules', request);
  const type = PROVISIONABLE_TYPES.find((each) => each === collection);
  if (type === undefined)
    throw CallError.of(
      'NOT_FOUND',
      'invalid_uri',
      `policy-compute does not own the collection ${collection}`,
    );
  const bulk = bulkOperation(request.op);
  return bulk !== undefined && (type === 'ip_lists' || type === 'virtual_services')
    ? answerBulk(context, type, bulk, request)
    : answerObjects(context, type, request);
}

/** Where what lies within a scope is told from what does not: in what is decided on the book, and in what is shown of rule sets. */
const isJudged = ({ collection, op }: ResourceRequest): boolean =>
  collection.startsWith('rule_sets') ||
  (collection === 'sec_policy' && ['provision', 'revert', 'revert_pending'].includes(op));
