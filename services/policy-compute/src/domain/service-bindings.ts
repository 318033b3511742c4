/** Which workloads may be bound to which virtual service, and which bindings end with it. */
import { reject } from '@ringfence/decider';
import type { Decision, Rejection } from '@ringfence/decider';
import type { KnownElsewhere } from './draft-rules.js';
import { entryOf } from './policy-book.js';
import type { PolicyBook, PolicyEvent, Provisioned, ServiceUnbound } from './policy-book.js';
import type { StoredBinding } from './policy-object.js';

export type BindingIntent =
  /** All of them, or none. */
  | { readonly do: 'bind'; readonly bindings: readonly StoredBinding[] }
  | { readonly do: 'unbind'; readonly id: string };

export function decideBind(
  book: PolicyBook,
  bindings: readonly StoredBinding[],
  known: KnownElsewhere,
): Decision<PolicyEvent> {
  const references = new Set<string>();
  for (const binding of [...book.bindings.values(), ...bindings]) {
    const reference = externalReferenceOf(binding);
    if (reference === null) continue;
    if (references.has(reference)) return referenceTaken(reference);
    references.add(reference);
  }
  for (const binding of bindings) {
    const problem = bindingProblem(book, binding, known);
    if (problem !== null) return problem;
  }
  return bindings.map((data) => ({ type: 'ServiceBound', data }));
}

export function decideUnbind(book: PolicyBook, id: string): Decision<PolicyEvent> {
  if (!book.bindings.has(id))
    return reject('not-found-error', `there is no service binding ${id}`, 'NOT_FOUND');
  return [unbound(id)];
}

/** With a virtual service that this provision ends, its bindings end. */
export function endedBindings(book: PolicyBook, changes: Provisioned['data']['changes']): ServiceUnbound[] {
  const ended = new Set(
    changes.flatMap(({ type, id, updateType }) =>
      type === 'virtual_services' && updateType === 'delete' ? [id] : [],
    ),
  );
  return [...book.bindings.values()]
    .filter(({ virtualService }) => ended.has(virtualService))
    .map(({ id }) => unbound(id));
}

const unbound = (id: string): ServiceUnbound => ({ type: 'ServiceUnbound', data: { id } });

function bindingProblem(
  book: PolicyBook,
  { virtualService, workload, portOverrides }: StoredBinding,
  known: KnownElsewhere,
): Rejection | null {
  const service = entryOf(book, 'virtual_services', virtualService)?.active;
  if (!service) {
    const message = `virtual_service: ${virtualService} is not active; provision it first`;
    return reject('virtual-service-not-active', message, 'INVALID_ARGUMENT');
  }
  if (!known.hasWorkload(workload))
    return reject('reference-not-found', `there is no workload ${workload}`, 'INVALID_ARGUMENT');
  const own =
    service.service === null
      ? service.ports
      : (entryOf(book, 'services', service.service)?.active?.ports ?? []);
  const strange = portOverrides.find(
    ({ proto, from }) => !own.some((range) => range.proto === proto && range.from === from),
  );
  if (strange === undefined) return null;
  const message = `port_overrides: no range of the virtual service begins at port ${strange.from} of protocol ${strange.proto}`;
  return reject('input-validation-error', message, 'INVALID_ARGUMENT');
}

function externalReferenceOf({ extras }: StoredBinding): string | null {
  const { external_data_set: set, external_data_reference: reference } = extras ?? {};
  return set === undefined ? null : JSON.stringify([set, reference]);
}

const referenceTaken = (reference: string): Rejection =>
  reject(
    'external-reference-not-unique',
    `external_data_set and external_data_reference ${reference} are taken; the pair must be unique`,
    'ALREADY_EXISTS',
  );
