/** Which workloads may be bound to which virtual service, and which bindings end with it. */
import type { PortRange } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Decision, Rejection } from '@ringfence/decider';
import { invalid } from '../objects/invalid.js';
import type { KnownElsewhere } from './draft-rules.js';
import { entryOf } from './policy-book.js';
import type { PolicyBook, PolicyEvent, Provisioned, ServiceUnbound } from './policy-book.js';
import type { PolicyObject, StoredBinding } from './policy-object.js';

export type BindingIntent =
  /** All of them, or none. */
  | { readonly do: 'bind'; readonly bindings: readonly StoredBinding[] }
  | { readonly do: 'unbind'; readonly id: string };

export function decideBind(
  book: PolicyBook,
  bindings: readonly StoredBinding[],
  known: KnownElsewhere,
): Decision<PolicyEvent> {
  const taken = new Set([...book.bindings.values()].map(externalReferenceOf));
  for (const [index, binding] of bindings.entries()) {
    const reference = externalReferenceOf(binding);
    const problem =
      reference !== null && taken.has(reference)
        ? referenceTaken(reference)
        : bindingProblem(book, binding, known);
    if (problem !== null) return { ...problem, message: `[${index}].${problem.message}` };
    taken.add(reference);
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

function bindingProblem(book: PolicyBook, binding: StoredBinding, known: KnownElsewhere): Rejection | null {
  if (halfOf(binding))
    return invalid('external_data_set, external_data_reference: they go together, give both or none');
  const { virtualService, workload, portOverrides } = binding;
  const service = inForce(book, virtualService);
  if ('reason' in service) return service;
  if (!known.hasWorkload(workload))
    return reject('reference-not-found', `workload: there is none ${workload}`, 'INVALID_ARGUMENT');
  const own =
    service.service === null
      ? service.ports
      : (entryOf(book, 'services', service.service)?.active?.ports ?? []);
  return overridesProblem(portOverrides, own);
}

/** Or why nothing is bound to it. */
function inForce(book: PolicyBook, id: string): PolicyObject<'virtual_services'> | Rejection {
  const entry = entryOf(book, 'virtual_services', id);
  if (entry === undefined || entry.updateType === 'delete') {
    const why = entry === undefined ? 'is not there' : 'is marked for deletion';
    return reject('reference-not-found', `virtual_service: ${id} ${why}`, 'INVALID_ARGUMENT');
  }
  if (entry.active !== null) return entry.active;
  const message = `virtual_service: ${id} is not active; provision it first`;
  return reject('virtual-service-not-active', message, 'INVALID_ARGUMENT');
}

const halfOf = ({ extras }: StoredBinding): boolean =>
  (extras?.['external_data_set'] === undefined) !== (extras?.['external_data_reference'] === undefined);

function overridesProblem(
  overrides: StoredBinding['portOverrides'],
  own: readonly PortRange[],
): Rejection | null {
  const seen = new Set<string>();
  for (const { proto, from, newFrom, newTo } of overrides) {
    const which = `port ${from} of protocol ${proto}`;
    const range = own.find((each) => each.proto === proto && each.from === from);
    if (range === undefined)
      return invalid(`port_overrides: no range of the virtual service begins at ${which}`);
    if (seen.has(which)) return invalid(`port_overrides: ${which} is overridden twice`);
    seen.add(which);
    if (newTo !== null && newTo < newFrom)
      return invalid(`port_overrides: new_to_port ${newTo} is below new_port ${newFrom}`);
  }
  return null;
}

function externalReferenceOf({ extras }: StoredBinding): string | null {
  const { external_data_set: set, external_data_reference: reference } = extras ?? {};
  return set === undefined ? null : JSON.stringify([set, reference]);
}

const referenceTaken = (reference: string): Rejection =>
  reject(
    'external-reference-not-unique',
    `external_data_reference: ${reference} is taken; with its external_data_set it must be unique`,
    'ALREADY_EXISTS',
  );
