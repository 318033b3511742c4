/** Bodies of REST → what a workload's command says. Empty texts mean absent, as clients send them. */
import type { WorkloadCreate, WorkloadUpdate } from '@ringfence/contracts';
import type { Workload, WorkloadChange } from '../domain/workload.decider.js';
import { modeOf } from './legacy-mode.js';
import { idOfHref } from './resource.js';

const ABOUT = ['service_principal_name', 'distinguished_name', 'service_provider', 'data_center', 'data_center_zone', 'os_id', 'os_detail'] as const;

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
    ...changeOf(body, {}),
  };
}

export function changeOf(body: WorkloadUpdate, about: Workload['about']): WorkloadChange {
  const mode = modeOf(body.enforcement_mode, body.agent?.config?.mode);
  return {
    ...(body.name !== undefined && { name: body.name ?? '' }),
    ...(body.hostname !== undefined && { hostname: body.hostname ?? '' }),
    ...(body.description !== undefined && { description: body.description ?? '' }),
    ...(body.labels !== undefined && { labels: body.labels.map((label) => idOfHref(label.href, 'labels')) }),
    ...(mode !== undefined && { mode }),
    ...(body.visibility_level !== undefined && { visibilityLevel: body.visibility_level }),
    ...(body.interfaces !== undefined && { interfaces: body.interfaces }),
    ...(body.public_ip !== undefined && { publicIp: body.public_ip || null }),
    ...(body.online !== undefined && { online: body.online }),
    ...(body.external_data_set !== undefined && { externalDataSet: body.external_data_set || null }),
    ...(body.external_data_reference !== undefined && { externalDataReference: body.external_data_reference || null }),
    about: { ...about, ...aboutOf(body) },
  };
}

function aboutOf(body: WorkloadUpdate): Record<string, unknown> {
  const texts = ABOUT.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name] || null]]));
  return {
    ...Object.fromEntries(texts),
    ...(body.ignored_interface_names !== undefined && { ignored_interface_names: body.ignored_interface_names }),
  };
}
