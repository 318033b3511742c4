/** Enforcement boundaries: bodies ⇄ domain. */
import { EnforcementBoundaryCreate, EnforcementBoundaryUpdate } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import type { PolicyObject, Touched } from '../../domain/policy-object.js';
import { actorsOf, serviceRefsOf, showActor, showServiceRef } from './rule-sides.js';
import { extrasOf, metaOf } from './view.js';
import type { Body, View } from './view.js';

type Boundary = PolicyObject<'enforcement_boundaries'>;

export function boundaryFrom(given: unknown, before: Boundary | null, id: string): Boundary {
  const body: EnforcementBoundaryUpdate =
    before === null ? EnforcementBoundaryCreate.parse(given) : EnforcementBoundaryUpdate.parse(given);
  if (body.network_type === 'non_brn') throw invalid('network_type: only brn and all are supported');
  const { extras: kept, ...base } = before ?? {
    id,
    name: '',
    enabled: true,
    providers: [],
    consumers: [],
    services: [],
  };
  return {
    ...base,
    ...(body.name !== undefined && { name: body.name }),
    ...(body.enabled !== undefined && { enabled: body.enabled }),
    ...(body.providers !== undefined && { providers: actorsOf(body.providers, 'providers') }),
    ...(body.consumers !== undefined && { consumers: actorsOf(body.consumers, 'consumers') }),
    ...(body.ingress_services !== undefined && { services: serviceRefsOf(body.ingress_services) }),
    ...extrasOf(body, ['network_type'], kept),
  };
}

export function showBoundary(object: Boundary, view: View, touched: Touched): Body {
  return {
    name: object.name,
    enabled: object.enabled,
    providers: object.providers.map((actor) => showActor(actor, view)),
    consumers: object.consumers.map((actor) => showActor(actor, view)),
    ingress_services: object.services.map((service) => showServiceRef(service, view)),
    network_type: 'brn',
    ...object.extras,
    caps: ['write', 'provision', 'delete'],
    ...metaOf(touched),
  };
}
