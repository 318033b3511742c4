/** The columns `kubectl get` shows per kind. How an age, a port list or a node's state is worded is in `table-cells.ts`. */
import { listAt, valueAt } from './json.js';
import type { KubeObject } from './kube-object.js';
import { openGates, podReason, readyContainers, restartCount } from './pod-summary.js';
import type { PrinterColumn, ResourceDefinition } from './resource-definition.js';
import { resourceName } from './resource-definition.js';
import {
  ageText,
  labelText,
  templateContainers,
  externalAddress,
  servicePorts,
  nodeStatus,
  nodeRoles,
  nodeAddress,
  endpointsText,
  jobStatus,
  jobDuration,
} from './table-cells.js';

export interface Column {
  readonly name: string;
  readonly type?: string;
  readonly format?: string;
  /** Columns above zero appear only with `-o wide`. */
  readonly priority?: number;
  readonly cell: (object: KubeObject, now: Date) => string | number;
}

const name: Column = { name: 'Name', format: 'name', cell: (object) => object.metadata.name };
const age: Column = { name: 'Age', cell: (object, now) => ageText(object.metadata.creationTimestamp, now) };

function text(title: string, path: string | string[], missing = '<none>'): Column {
  return {
    name: title,
    cell: (object) => {
      const value = valueAt(object, path);
      return value === undefined || value === null || value === '' ? missing : String(value);
    },
  };
}

function count(title: string, path: string): Column {
  return { name: title, type: 'integer', cell: (object) => Number(valueAt(object, path) ?? 0) };
}

function ratio(title: string, readyPath: string, totalPath: string): Column {
  return {
    name: title,
    cell: (object) => `${Number(valueAt(object, readyPath) ?? 0)}/${Number(valueAt(object, totalPath) ?? 0)}`,
  };
}

function wide(column: Column): Column {
  return { ...column, priority: 1 };
}

function computed(title: string, cell: Column['cell']): Column {
  return { name: title, cell };
}

const containers = [
  wide(computed('Containers', (object) => templateContainers(object, 'name'))),
  wide(computed('Images', (object) => templateContainers(object, 'image'))),
];
const selector = wide(
  computed('Selector', (object) =>
    labelText(valueAt(object, 'spec.selector.matchLabels') ?? valueAt(object, 'spec.selector')),
  ),
);

const columnsByResource: Readonly<Record<string, readonly Column[]>> = {
  pods: [
    name,
    computed('Ready', (pod) => readyContainers(pod)),
    computed('Status', (pod) => podReason(pod)),
    { name: 'Restarts', type: 'string', cell: (pod) => String(restartCount(pod)) },
    age,
    wide(text('IP', 'status.podIP')),
    wide(text('Node', 'spec.nodeName')),
    wide(text('Nominated Node', 'status.nominatedNodeName')),
    wide(computed('Readiness Gates', (pod) => openGates(pod))),
  ],
  services: [
    name,
    text('Type', 'spec.type'),
    text('Cluster-IP', 'spec.clusterIP'),
    computed('External-IP', (service) => externalAddress(service)),
    computed('Port(s)', (service) => servicePorts(service)),
    age,
    wide(computed('Selector', (service) => labelText(valueAt(service, 'spec.selector')))),
  ],
  nodes: [
    name,
    computed('Status', (node) => nodeStatus(node)),
    computed('Roles', (node) => nodeRoles(node)),
    age,
    text('Version', 'status.nodeInfo.kubeletVersion', ''),
    wide(computed('Internal-IP', (node) => nodeAddress(node, 'InternalIP'))),
    wide(computed('External-IP', (node) => nodeAddress(node, 'ExternalIP'))),
    wide(text('OS-Image', 'status.nodeInfo.osImage', '<unknown>')),
    wide(text('Kernel-Version', 'status.nodeInfo.kernelVersion', '<unknown>')),
    wide(text('Container-Runtime', 'status.nodeInfo.containerRuntimeVersion', '<unknown>')),
  ],
  namespaces: [name, text('Status', 'status.phase'), age],
  endpoints: [name, computed('Endpoints', (endpoints) => endpointsText(endpoints)), age],
  configmaps: [
    name,
    computed('Data', (map) => Object.keys((valueAt(map, 'data') ?? {}) as object).length),
    age,
  ],
  secrets: [
    name,
    text('Type', 'type'),
    computed('Data', (secret) => Object.keys((valueAt(secret, 'data') ?? {}) as object).length),
    age,
  ],
  serviceaccounts: [name, computed('Secrets', (account) => listAt(account, 'secrets').length), age],
  events: [
    {
      name: 'Last Seen',
      cell: (event, now) =>
        ageText(
          String(
            valueAt(event, 'lastTimestamp') ??
              valueAt(event, 'eventTime') ??
              event.metadata.creationTimestamp,
          ),
          now,
        ),
    },
    text('Type', 'type'),
    text('Reason', 'reason'),
    computed(
      'Object',
      (event) =>
        `${String(valueAt(event, 'involvedObject.kind')).toLowerCase()}/${String(valueAt(event, 'involvedObject.name'))}`,
    ),
    wide(text('Source', 'source.component', '')),
    text('Message', 'message', ''),
    wide(count('Count', 'count')),
    wide(name),
  ],
  persistentvolumeclaims: [
    name,
    text('Status', 'status.phase'),
    text('Volume', 'spec.volumeName', ''),
    text('StorageClass', 'spec.storageClassName', ''),
    age,
  ],
  replicationcontrollers: [
    name,
    count('Desired', 'spec.replicas'),
    count('Current', 'status.replicas'),
    count('Ready', 'status.readyReplicas'),
    age,
    ...containers,
    selector,
  ],
  'deployments.apps': [
    name,
    ratio('Ready', 'status.readyReplicas', 'spec.replicas'),
    count('Up-to-date', 'status.updatedReplicas'),
    count('Available', 'status.availableReplicas'),
    age,
    ...containers,
    selector,
  ],
  'replicasets.apps': [
    name,
    count('Desired', 'spec.replicas'),
    count('Current', 'status.replicas'),
    count('Ready', 'status.readyReplicas'),
    age,
    ...containers,
    selector,
  ],
  'daemonsets.apps': [
    name,
    count('Desired', 'status.desiredNumberScheduled'),
    count('Current', 'status.currentNumberScheduled'),
    count('Ready', 'status.numberReady'),
    count('Up-to-date', 'status.updatedNumberScheduled'),
    count('Available', 'status.numberAvailable'),
    computed('Node Selector', (set) => labelText(valueAt(set, 'spec.template.spec.nodeSelector'))),
    age,
    ...containers,
    selector,
  ],
  'statefulsets.apps': [name, ratio('Ready', 'status.readyReplicas', 'spec.replicas'), age, ...containers],
  'jobs.batch': [
    name,
    computed('Status', (job) => jobStatus(job)),
    {
      name: 'Completions',
      cell: (job) =>
        `${Number(valueAt(job, 'status.succeeded') ?? 0)}/${Number(valueAt(job, 'spec.completions') ?? 1)}`,
    },
    computed('Duration', (job, now) => jobDuration(job, now)),
    age,
    ...containers,
    selector,
  ],
  'cronjobs.batch': [
    name,
    text('Schedule', 'spec.schedule'),
    text('Timezone', 'spec.timeZone'),
    computed('Suspend', (cron) => (valueAt(cron, 'spec.suspend') === true ? 'True' : 'False')),
    { name: 'Active', type: 'integer', cell: (cron) => listAt(cron, 'status.active').length },
    {
      name: 'Last Schedule',
      cell: (cron, now) =>
        ageText(valueAt(cron, 'status.lastScheduleTime') as string | undefined, now, '<none>'),
    },
    age,
  ],
  'endpointslices.discovery.k8s.io': [
    name,
    text('AddressType', 'addressType'),
    computed(
      'Ports',
      (slice) =>
        listAt(slice, 'ports')
          .map(({ port }) => String(port))
          .join(',') || '<unset>',
    ),
    computed(
      'Endpoints',
      (slice) =>
        listAt(slice, 'endpoints')
          .flatMap(({ addresses }) => addresses as string[])
          .join(',') || '<unset>',
    ),
    age,
  ],
  'networkpolicies.networking.k8s.io': [
    name,
    computed('Pod-Selector', (policy) => labelText(valueAt(policy, 'spec.podSelector.matchLabels'))),
    age,
  ],
};

const plainColumns: readonly Column[] = [name, age];

export function columnsFor(definition: ResourceDefinition): readonly Column[] {
  if (definition.printerColumns?.length)
    return [name, ...definition.printerColumns.map(customColumn), ...(hasAge(definition) ? [] : [age])];
  return columnsByResource[resourceName(definition)] ?? plainColumns;
}

function hasAge(definition: ResourceDefinition): boolean {
  return (definition.printerColumns ?? []).some((column) => column.name.toLowerCase() === 'age');
}

/** Plain field paths only; filters inside a JSON path yield an empty cell. */
function customColumn({ name: title, type, jsonPath, priority = 0 }: PrinterColumn): Column {
  const path = jsonPath
    .replace(/^\./, '')
    .split(/(?<!\\)\./)
    .map((key) => key.replaceAll('\\.', '.'));
  const cell: Column['cell'] = (object, now) => {
    const value = valueAt(object, path);
    if (type === 'date') return ageText(typeof value === 'string' ? value : undefined, now, '');
    return value === undefined || value === null ? '' : typeof value === 'number' ? value : String(value);
  };
  return { name: title, type: type === 'date' ? 'string' : type, priority, cell };
}
