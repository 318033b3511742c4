/** Services: protocols with ports or ICMP types. Windows services and processes are kept and shown; no host of ours matches them. */
import type { ServiceUpdate } from '@ringfence/contracts';
import { InvalidBody } from './invalid.js';
import type { ObjectKind } from './object-kind.js';
import { onPort, portRangeOf, portsProblem, showPortRange } from './ports.js';
import { EXTERNAL_REFERENCE, externalReferenceOf } from './view.js';
import { wantedNumber } from './wanted.js';

/** Made at first start and never deleted. */
export const ALL_SERVICES = { id: '1', name: 'All Services', description: '', ports: [{ proto: -1 }] };

export const services: ObjectKind<'services'> = {
  noun: 'service',
  ids: { sequence: 'services' },
  nameTaken: null,
  referenced: 'service-referenced',
  labelInUse: 'label_still_has_associated_rule_set',
  seeds: [ALL_SERVICES],

  empty: (id) => ({ id, name: '', description: '', ports: [] }),
  extras: [
    'description_url',
    'process_name',
    'windows_services',
    'windows_egress_services',
    ...EXTERNAL_REFERENCE,
  ],
  // A service is for every system or for Windows: what it becomes ends what it was.
  ended: (body: ServiceUpdate) => (body.service_ports && !isForWindows(body) ? ['windows_services'] : []),
  read: (body: ServiceUpdate) => {
    const ports = body.service_ports;
    if (!isForWindows(body)) return ports ? { ports: ports.map(portRangeOf) } : {};
    if (ports && ports.length > 0)
      throw new InvalidBody('service_ports, windows_services: a service has one of them, not both');
    return { ports: [] };
  },
  show: ({ object }) => ({
    name: object.name,
    description: object.description,
    // Present in one kind of service only, never null: some clients cannot take one.
    ...(object.extras?.['windows_services'] === undefined && {
      service_ports: object.ports.map(showPortRange),
    }),
    // Programs that load every service read it of each.
    process_name: '',
    ...object.extras,
    ...externalReferenceOf(object.extras),
  }),
  filters: {
    port: ({ ports }, wanted) => onPort(ports, wantedNumber('port', wanted)),
    proto: ({ ports }, wanted) => ports.some(({ proto }) => proto === wantedNumber('proto', wanted)),
  },
  refusedFilters: ['is_ransomware', 'include_ransomware_protection_percent'],

  normalise: (service) => portsProblem(service.ports, 'service_ports') ?? service,
  references: () => [],
};

const isForWindows = (body: ServiceUpdate): boolean => (body.windows_services ?? []).length > 0;
