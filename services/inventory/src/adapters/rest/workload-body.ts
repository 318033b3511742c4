/** Bodies of REST → what a workload's command says. An external reference that is empty is none, as clients send it. */
import type { AdminPort, WorkloadCreate, WorkloadInterface, WorkloadUpdate } from '@ringfence/contracts';
import { defined, idOfHref, invalid, orNull } from '@ringfence/resources';
import { canonicalAdminPorts } from '../../domain/admin-ports.js';
import type { Workload, WorkloadChange } from '../../domain/workload.decider.js';
import { modeOf } from './legacy-mode.js';

const ABOUT = [
  'distinguished_name',
  'service_provider',
  'data_center',
  'data_center_zone',
  'os_id',
  'os_detail',
] as const;

export function newWorkload(id: string, body: WorkloadCreate): Workload {
  return {
    id,
    cluster: null,
    node: null,
    name: '',
    hostname: '',
    description: '',
    managed: false,
    labels: [],
    mode: 'visibility_only',
    addresses: [],
    interfaces: [],
    publicIp: null,
    online: true,
    visibilityLevel: 'flow_summary',
    externalDataSet: null,
    externalDataReference: null,
    about: {},
    ...changeOf(body, { about: {} }),
  };
}

const orEmpty = (text: string | null | undefined): string | undefined =>
  text === undefined ? undefined : (text ?? '');

const TEXTS = ['name', 'hostname', 'description'] as const;

function emptied(body: WorkloadUpdate, before: Workload['emptied']): Workload['emptied'] {
  const all = TEXTS.filter((each) => (body[each] === undefined ? before?.includes(each) : body[each] === ''));
  return all.length === 0 && before === undefined ? undefined : all;
}

type Before = Pick<Workload, 'about' | 'emptied'>;
export function changeOf(body: WorkloadUpdate, before: Before): WorkloadChange {
  return defined({
    name: orEmpty(body.name),
    hostname: orEmpty(body.hostname),
    description: orEmpty(body.description),
    emptied: emptied(body, before.emptied),
    labels: body.labels?.map((label) => idOfHref(label.href, 'labels')),
    adminPorts: body.ringfence_admin_ports && adminPortsOf(body.ringfence_admin_ports),
    mode: modeOf(body.enforcement_mode, body.agent?.config?.mode),
    visibilityLevel: body.visibility_level,
    interfaces: body.interfaces?.map(asChosen),
    publicIp: orNull(body.public_ip),
    online: body.online,
    externalDataSet: orNull(body.external_data_set),
    externalDataReference: orNull(body.external_data_reference),
    about: { ...before.about, ...aboutOf(body) },
  });
}

/** A network that was found by the address, and read, is not chosen by being written back. */
function asChosen(each: WorkloadInterface): WorkloadInterface {
  const { network, network_detection_mode: found = 'manual', ...others } = each;
  return found === 'manual' && network !== undefined ? { ...others, network } : others;
}

function adminPortsOf(ports: readonly AdminPort[]): AdminPort[] {
  const canonical = canonicalAdminPorts(ports);
  if (typeof canonical === 'string') throw invalid(`ringfence_admin_ports: ${canonical}`);
  return canonical;
}

function aboutOf(body: WorkloadUpdate): Record<string, unknown> {
  const texts = ABOUT.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name] ?? '']]));
  return {
    ...Object.fromEntries(texts),
    ...defined({
      service_principal_name: body.service_principal_name,
      ignored_interface_names: body.ignored_interface_names,
    }),
  };
}
