/** Services: bodies ⇄ domain. Windows services and processes are kept and shown; no host of ours matches them. */
import { ServiceCreate, ServiceUpdate } from '@ringfence/contracts';
import type { PortRange, ServicePortBody } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import type { Extras, PolicyObject, Touched } from '../../domain/policy-object.js';
import { EXTERNAL_REFERENCE, externalReferenceOf, extrasOf, metaOf, withoutAbsent } from './view.js';
import type { Body } from './view.js';

const KEPT = [
  'description_url',
  'process_name',
  'windows_services',
  'windows_egress_services',
  ...EXTERNAL_REFERENCE,
];

export function serviceFrom(
  given: unknown,
  before: PolicyObject<'services'> | null,
  id: string,
): PolicyObject<'services'> {
  const body: ServiceUpdate = before === null ? ServiceCreate.parse(given) : ServiceUpdate.parse(given);
  const { extras: kept, ...base } = before ?? { id, name: '', description: '', ports: [] };
  return {
    ...base,
    ...(body.name !== undefined && { name: body.name }),
    ...(body.description !== undefined && { description: body.description ?? '' }),
    ...matchesOf(body, kept),
  };
}

/** A service is for every system or for Windows: what it becomes ends what it was. */
function matchesOf(body: ServiceUpdate, kept: Extras | undefined): { ports?: PortRange[]; extras?: Extras } {
  const isWindows = (body.windows_services ?? []).length > 0;
  if (!isWindows) {
    const ends = body.service_ports ? { ...body, windows_services: null } : body;
    return {
      ...(body.service_ports && { ports: body.service_ports.map(portRangeOf) }),
      ...extrasOf(ends, KEPT, kept),
    };
  }
  if ((body.service_ports ?? []).length > 0) {
    throw invalid('service_ports, windows_services: a service has one of them, not both');
  }
  return { ports: [], ...extrasOf(body, KEPT, kept) };
}

function portRangeOf(body: ServicePortBody): PortRange {
  const to = body.to_port === body.port ? undefined : body.to_port;
  const numbers = { from: body.port, to, icmpType: body.icmp_type, icmpCode: body.icmp_code };
  return { proto: body.proto, ...(withoutAbsent(numbers) as Partial<PortRange>) };
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
