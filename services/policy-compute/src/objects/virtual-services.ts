/** Virtual services: a labelled name for what answers at some addresses and ports. */
import type { PortRange, VirtualService, VirtualServiceUpdate } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import { parseAddress, parseCidr } from '@ringfence/policy-engine';
import { isFqdn } from '../domain/ip-ranges.js';
import type { PolicyObject } from '../domain/policy-object.js';
import type { ObjectReference } from '../domain/references.js';
import { idOf, memberHref } from './hrefs.js';
import { InvalidBody, invalid, unique } from './invalid.js';
import { NAMES_NOT_ENFORCED } from './ip-lists.js';
import type { ObjectKind } from './object-kind.js';
import { onPort, portRangeOf, portsProblem, showPortRange } from './ports.js';
import { showLabel } from './sides.js';
import { EXTERNAL_REFERENCE, externalReferenceOf } from './view.js';
import { amongLabels, contains, isHrefOf, wantedNumber } from './wanted.js';

type Address = VirtualService['addresses'][number];

export const virtualServices: ObjectKind<'virtual_services'> = {
  noun: 'virtual service',
  ids: 'uuid',
  notEnforced: ({ addresses }) =>
    addresses.some(({ fqdn }) => fqdn !== undefined) ? NAMES_NOT_ENFORCED : null,
  nameTaken: 'name-must-be-unique',
  referenced: 'virtual-service-referenced',
  labelInUse: 'label_referenced_by_virtual_service',
  seeds: [],

  empty: (id) => ({
    id,
    name: '',
    description: '',
    applyTo: 'host_only',
    labels: [],
    service: null,
    ports: [],
    addresses: [],
    overrides: [],
  }),
  extras: EXTERNAL_REFERENCE,
  read: (body: VirtualServiceUpdate) => ({
    ...(body.apply_to && { applyTo: body.apply_to }),
    ...(body.labels && { labels: body.labels.map(({ href }) => idOf(href, 'labels', 'labels')) }),
    ...whatAnswers(body),
    ...(body.service_addresses && { addresses: body.service_addresses.map(addressOf) }),
    ...(body.ip_overrides && { overrides: body.ip_overrides.map((ip) => ip.trim()) }),
  }),
  show: ({ object }, view) => ({
    name: object.name,
    description: object.description,
    apply_to: object.applyTo,
    labels: object.labels.map((id) => showLabel(id, view)),
    // One of the two and never null: some clients cannot take one.
    ...(object.service === null
      ? { service_ports: object.ports.map(showPortRange) }
      : { service: { href: memberHref({ type: 'services', id: object.service }, view.pversion) } }),
    service_addresses: object.addresses.map(({ network, ...address }) => ({
      ...address,
      ...(network !== undefined && { network: { href: network } }),
    })),
    ip_overrides: object.overrides,
    ...externalReferenceOf(object.extras),
  }),
  filters: {
    labels: ({ labels }, wanted) => amongLabels(labels, wanted),
    service: ({ service }, wanted) => service !== null && isHrefOf(wanted, 'services', service),
    'service_ports.port': ({ ports }, wanted) => onPort(ports, wantedNumber('service_ports.port', wanted)),
    'service_ports.proto': ({ ports }, wanted) =>
      ports.some(({ proto }) => proto === wantedNumber('service_ports.proto', wanted)),
    'service_address.ip': ({ addresses }, wanted) => addresses.some(({ ip }) => ip === wanted),
    'service_address.fqdn': ({ addresses }, wanted) =>
      addresses.some(({ fqdn }) => fqdn !== undefined && contains(fqdn, wanted)),
  },

  normalise: (object) => {
    if ((object.service === null) === (object.ports.length === 0))
      return invalid('service, service_ports: a virtual service has exactly one of them');
    const wrong = object.addresses.find(({ fqdn }) => fqdn !== undefined && !isFqdn(fqdn));
    if (wrong !== undefined) return invalid(`service_addresses: "${wrong.fqdn}" is no domain name`);
    const ips = object.addresses.flatMap(({ ip }) => ip ?? []);
    const problem =
      portsProblem(object.ports, 'service_ports') ??
      addressesProblem(ips, 'service_addresses') ??
      addressesProblem(object.overrides, 'ip_overrides');
    return problem ?? { ...object, labels: unique(object.labels) };
  },
  references: namedBy,
  uses: (object) => ({ virtual_service: namedBy(object) }),
  problem: ({ labels }, { known }) => {
    const keys = labels.map((id) => known.labelKey(id));
    const twice = keys.find((key, index) => key !== undefined && keys.indexOf(key) < index);
    return twice === undefined ? null : invalid(`labels: two labels of the type "${twice}"`);
  },
};

function namedBy({ labels, service }: PolicyObject<'virtual_services'>): ObjectReference[] {
  return [
    ...labels.map((id) => ({ kind: 'labels' as const, id })),
    ...(service === null ? [] : [{ kind: 'services' as const, id: service }]),
  ];
}

/** A named service or ports of its own: the one that the body sends ends the other. */
function whatAnswers({
  service,
  service_ports: ports,
}: VirtualServiceUpdate): Partial<{ service: string | null; ports: PortRange[] }> {
  if (service && ports && ports.length > 0)
    throw new InvalidBody('service, service_ports: a virtual service has exactly one of them');
  if (service) return { service: idOf(service.href, 'services', 'service'), ports: [] };
  return ports ? { service: null, ports: ports.map(portRangeOf) } : {};
}

const addressOf = ({
  ip,
  fqdn,
  port,
  network,
  description,
}: NonNullable<VirtualServiceUpdate['service_addresses']>[number]): Address => ({
  ...(ip && { ip: ip.trim() }),
  ...(fqdn && { fqdn }),
  ...(typeof port === 'number' && { port }),
  ...(network && { network: network.href }),
  ...(description && { description }),
});

function addressesProblem(addresses: readonly string[], field: string): Rejection | null {
  const wrong = addresses.find((address) => parseAddress(address) === null && parseCidr(address) === null);
  return wrong === undefined ? null : invalid(`${field}: "${wrong}" is neither an address nor a CIDR`);
}
