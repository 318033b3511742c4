/** Actors and services of rules, deny rules and boundaries: bodies ⇄ domain. */
import type { ActorBody, IngressServiceBody, RuleActor, ServiceRef } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import { idOf, labelHref, objectHref, workloadHref } from '../hrefs.js';
import { named } from './view.js';
import type { Body, View } from './view.js';

export function actorsOf(actors: readonly ActorBody[], field: string): RuleActor[] {
  return actors.map((actor) => actorOf(actor, field));
}

function actorOf(actor: ActorBody, field: string): RuleActor {
  const exclusion = actor.exclusion ?? false;
  if (actor.label) return { kind: 'label', id: idOf(actor.label.href, 'labels', field), exclusion };
  if (actor.label_group)
    return { kind: 'label_group', id: idOf(actor.label_group.href, 'label_groups', field), exclusion };
  if (exclusion) throw invalid(`${field}: exclusion is possible for labels and label groups only`);
  if (actor.actors) return { kind: actor.actors };
  if (actor.workload) return { kind: 'workload', id: idOf(actor.workload.href, 'workloads', field) };
  if (actor.ip_list) return { kind: 'ip_list', id: idOf(actor.ip_list.href, 'ip_lists', field) };
  if (actor.virtual_service)
    return { kind: 'virtual_service', id: idOf(actor.virtual_service.href, 'virtual_services', field) };
  throw invalid(`${field}: virtual_server is not supported`);
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
      return { workload: showWorkload(actor.id, view) };
    case 'ip_list':
      return { ip_list: showIpListName(actor.id, view) };
    case 'virtual_service':
      return {
        virtual_service: { href: `/orgs/1/sec_policy/${view.pversion}/virtual_services/${actor.id}` },
      };
  }
}

function showWorkload(id: string, view: View): Body {
  const entity = view.facts.entities.get(id);
  const name = entity?.name ?? '';
  return { href: workloadHref(id, entity), name, hostname: name, deleted: entity === undefined };
}

const showIpListName = (id: string, view: View): Body => ({
  href: objectHref({ type: 'ip_lists', id }, view.pversion),
  name: named(view, 'ip_lists', id)?.name ?? '',
});

export function showLabel(id: string, view: View): Body {
  const label = view.facts.labels.get(id);
  return { href: labelHref(id), key: label?.key ?? '', value: label?.value ?? '' };
}

export function showLabelGroup(id: string, view: View): Body {
  const group = named(view, 'label_groups', id);
  return {
    href: objectHref({ type: 'label_groups', id }, view.pversion),
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
      ports: { proto, from: port, ...(to !== undefined && to !== null && to !== port && { to }) },
    };
  });
}

/** Only the href, or only the numbers: some clients cannot take an expanded service. */
export function showServiceRef(service: ServiceRef, view: View): Body {
  if (service.kind === 'service')
    return { href: objectHref({ type: 'services', id: service.id }, view.pversion) };
  const { proto, from, to } = service.ports;
  return { proto, ...(from !== undefined && { port: from }), ...(to !== undefined && { to_port: to }) };
}
