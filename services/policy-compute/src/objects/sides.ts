/** The two sides of rules, deny rules and boundaries and the services between them: bodies ⇄ domain, whom they name, whether they make sense. */
import type {
  ActorBody,
  EnforcementBoundaryUpdate,
  IngressServiceBody,
  PortRange,
  RuleActor,
  ScopeEntry,
  ServiceRef,
} from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import { perObject } from '../domain/per-object.js';
import type { ObjectKey } from '../domain/policy-object.js';
import type { ObjectReference, ReferenceKind } from '../domain/references.js';
import { idOf, labelHref, memberHref, workloadHref } from './hrefs.js';
import { InvalidBody, invalid } from './invalid.js';
import { portsProblem } from './ports.js';
import { named } from './view.js';
import type { Body, FactLookup, View } from './view.js';

export interface Sides {
  readonly providers: RuleActor[];
  readonly consumers: RuleActor[];
  readonly services: ServiceRef[];
}

/** What a body says of them. */
export function readSides(
  body: Pick<EnforcementBoundaryUpdate, 'providers' | 'consumers' | 'ingress_services'>,
): Partial<Sides> {
  return {
    ...(body.providers !== undefined && { providers: actorsOf(body.providers, 'providers') }),
    ...(body.consumers !== undefined && { consumers: actorsOf(body.consumers, 'consumers') }),
    ...(body.ingress_services !== undefined && { services: serviceRefsOf(body.ingress_services) }),
  };
}

export const showSides = ({ providers, consumers, services }: Sides, view: View): Body => ({
  providers: providers.map((actor) => showActor(actor, view)),
  consumers: consumers.map((actor) => showActor(actor, view)),
  ingress_services: services.map((service) => showServiceRef(service, view)),
});

/** What is wrong with them, whatever kind of rule they belong to. */
export function sidesProblem({ providers, consumers, services }: Sides): Rejection | null {
  if (providers.length === 0) return invalid('providers: at least one is needed');
  if (consumers.length === 0) return invalid('consumers: at least one is needed');
  if (providers.some((actor) => actor.kind === 'container_host'))
    return invalid('providers: container_host may only be a consumer');
  return portsProblem(portsIn(services), 'ingress_services');
}

/** Those that stand in place, not in a service by name. */
export const portsIn = (services: readonly ServiceRef[]): PortRange[] =>
  services.flatMap((service) => (service.kind === 'ports' ? [service.ports] : []));

const KIND_OF_ACTOR: Partial<Record<RuleActor['kind'], ReferenceKind>> = {
  label: 'labels',
  label_group: 'label_groups',
  workload: 'workloads',
  ip_list: 'ip_lists',
  virtual_service: 'virtual_services',
};

export function referencesOfActors(actors: readonly (RuleActor | ScopeEntry)[]): ObjectReference[] {
  return actors.flatMap((actor) => {
    const kind = KIND_OF_ACTOR[actor.kind];
    return kind !== undefined && 'id' in actor ? [{ kind, id: actor.id }] : [];
  });
}

/** Of rules as they are kept. */
export const referencesOfSides = perObject(
  ({ providers, consumers, services }: Sides): readonly ObjectReference[] => {
    const named = services.flatMap((service) =>
      service.kind === 'service' ? [{ kind: 'services' as const, id: service.id }] : [],
    );
    return [...referencesOfActors(providers), ...referencesOfActors(consumers), ...named];
  },
);

export function actorsOf(actors: readonly ActorBody[], field: string): RuleActor[] {
  return actors.map((actor) => actorOf(actor, field));
}

function actorOf(actor: ActorBody, field: string): RuleActor {
  const exclusion = actor.exclusion ?? false;
  if (actor.label) return { kind: 'label', id: idOf(actor.label.href, 'labels', field), exclusion };
  if (actor.label_group)
    return { kind: 'label_group', id: idOf(actor.label_group.href, 'label_groups', field), exclusion };
  if (exclusion) throw new InvalidBody(`${field}: exclusion is possible for labels and label groups only`);
  if (actor.actors) return { kind: actor.actors };
  if (actor.workload) return { kind: 'workload', id: idOf(actor.workload.href, 'workloads', field) };
  if (actor.ip_list) return { kind: 'ip_list', id: idOf(actor.ip_list.href, 'ip_lists', field) };
  if (actor.virtual_service)
    return { kind: 'virtual_service', id: idOf(actor.virtual_service.href, 'virtual_services', field) };
  throw new InvalidBody(`${field}: virtual_server is not supported`);
}

export function showActor(actor: RuleActor, view: View): Body {
  switch (actor.kind) {
    case 'ams':
    case 'container_host':
      return { actors: actor.kind };
    case 'label':
      return { label: showLabel(actor.id, view), exclusion: actor.exclusion };
    case 'label_group':
      return { label_group: showLabelGroup(actor.id, view), exclusion: actor.exclusion };
    case 'workload':
      return { workload: showWorkload(actor.id, view.facts) };
    case 'ip_list':
      return { ip_list: showNamed({ type: 'ip_lists', id: actor.id }, view) };
    case 'virtual_service':
      return { virtual_service: showNamed({ type: 'virtual_services', id: actor.id }, view) };
  }
}

/** A deleted one is shown as it was. */
export function showWorkload(id: string, { entities, gone }: FactLookup): Body {
  const workload = entities.get(id) ?? gone.get(id);
  const name = workload?.name ?? '';
  return { href: workloadHref(id, workload), name, hostname: name, deleted: !entities.has(id) };
}

const showNamed = (key: ObjectKey, view: View): Body => ({
  href: memberHref(key, view.pversion),
  name: named(view, key.type, key.id)?.name ?? '',
});

export function showLabel(id: string, view: View): Body {
  const label = view.facts.labels.get(id);
  return { href: labelHref(id), key: label?.key ?? '', value: label?.value ?? '' };
}

export function showLabelGroup(id: string, view: View): Body {
  const group = named(view, 'label_groups', id);
  return {
    href: memberHref({ type: 'label_groups', id }, view.pversion),
    key: group?.key ?? '',
    name: group?.name ?? '',
  };
}

export function serviceRefsOf(services: readonly IngressServiceBody[]): ServiceRef[] {
  return services.map((service) => {
    if ('href' in service)
      return { kind: 'service', id: idOf(service.href as string, 'services', 'ingress_services') };
    const { proto, port, to_port: to } = service;
    return {
      kind: 'ports',
      ports: { proto, ...portsFrom(port ?? undefined, to ?? undefined) },
    };
  });
}

const portsFrom = (from?: number, to?: number): Pick<PortRange, 'from' | 'to'> => ({
  ...(from !== undefined && { from }),
  ...(to !== undefined && to !== from && { to }),
});

/** Only the href, or only the numbers: some clients cannot take an expanded service. */
function showServiceRef(service: ServiceRef, view: View): Body {
  if (service.kind === 'service')
    return { href: memberHref({ type: 'services', id: service.id }, view.pversion) };
  const { proto, from, to } = service.ports;
  return { proto, ...(from !== undefined && { port: from }), ...(to !== undefined && { to_port: to }) };
}
