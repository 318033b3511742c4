/** Services: bodies ⇄ domain. Windows services and processes are kept and shown; no host of ours matches them. */
import { ServiceCreate, ServiceUpdate } from '@ringfence/contracts';
import type { PortRange, ServicePortBody } from '@ringfence/contracts';
import type { PolicyObject, Touched } from '../../domain/policy-object.js';
import { invalidBody } from '../hrefs.js';
import { EXTERNAL_REFERENCE, externalReferenceOf, extrasOf, metaOf } from './view.js';
import type { Body } from './view.js';

const KEPT = ['description_url', 'process_name', 'windows_services', 'windows_egress_services', ...EXTERNAL_REFERENCE];

export function serviceFrom(given: unknown, before: PolicyObject<'services'> | null, id: string): PolicyObject<'services'> {
  const body: ServiceUpdate = before === null ? ServiceCreate.parse(given) : ServiceUpdate.parse(given);
  const { extras: kept, ...base } = before ?? { id, name: '', description: '', ports: [] };
  const isWindows = (body.windows_services ?? []).length > 0;
  if (isWindows && (body.service_ports ?? []).length > 0) {
    throw invalidBody('service_ports, windows_services: a service has one of them, not both');
  }
  return {
    ...base,
    ...(body.name !== undefined && { name: body.name }),
    ...(body.description !== undefined && { description: body.description ?? '' }),
    ...(body.service_ports && { ports: body.service_ports.map(portRangeOf) }),
    ...(isWindows && { ports: [] }),
    ...extrasOf(body.service_ports && !isWindows ? { ...body, windows_services: null } : body, KEPT, kept),
  };
}

function portRangeOf({ proto, port, to_port: to, icmp_type: icmpType, icmp_code: icmpCode }: ServicePortBody): PortRange {
  const isRange = to !== null && to !== undefined && to !== port;
  return {
    proto,
    ...(port !== null && port !== undefined && { from: port }),
    ...(isRange && { to }),
    ...(icmpType !== null && icmpType !== undefined && { icmpType }),
    ...(icmpCode !== null && icmpCode !== undefined && { icmpCode }),
  };
}

function showPortRange({ proto, from, to, icmpType, icmpCode }: PortRange): Body {
  return {
    ...(from !== undefined && { port: from }),
    ...(to !== undefined && { to_port: to }),
    proto,
    ...(icmpType !== undefined && { icmp_type: icmpType }),
    ...(icmpCode !== undefined && { icmp_code: icmpCode }),
  };
}

export function showService(object: PolicyObject<'services'>, touched: Touched): Body {
  const isWindows = object.extras?.['windows_services'] !== undefined;
  return {
    name: object.name,
    description: object.description,
    description_url: null,
    process_name: null,
    // Present in one kind of service only, never null: some clients cannot take one.
    ...(!isWindows && { service_ports: object.ports.map(showPortRange) }),
    ...object.extras,
    ...externalReferenceOf(object.extras),
    caps: ['write', 'provision', 'delete'],
    ...metaOf(touched),
  };
}
