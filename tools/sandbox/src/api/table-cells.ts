/** What single cells of `kubectl get` say: ages, ports, addresses and states in the words kubectl users know. */
import { isJsonObject, listAt, valueAt } from './json.js';
import type { JsonObject } from './json.js';
import type { KubeObject } from './kube-object.js';

export function ageText(since: string | undefined, now: Date, missing = '<unknown>'): string {
  const seconds = since === undefined ? Number.NaN : Math.floor((now.getTime() - Date.parse(since)) / 1000);
  if (Number.isNaN(seconds)) return missing;
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 180) return minutes < 10 ? twoUnits(minutes, 'm', seconds % 60, 's') : `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return hours < 8 ? twoUnits(hours, 'h', minutes % 60, 'm') : `${hours}h`;
  return `${Math.floor(hours / 24)}d`;
}

/** The smaller unit is left out when it is zero. */
function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

export function labelText(labels: unknown): string {
  if (!isJsonObject(labels) || Object.keys(labels).length === 0) return '<none>';
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');
}

export function templateContainers(object: KubeObject, field: string): string {
  return listAt(object, 'spec.template.spec.containers')
    .map((container) => String(container[field] ?? ''))
    .join(',');
}

export function externalAddress(service: KubeObject): string {
  if (valueAt(service, 'spec.type') === 'ExternalName') return String(valueAt(service, 'spec.externalName'));
  const given = listAt(service, 'status.loadBalancer.ingress').map(({ ip, hostname }) =>
    String(ip ?? hostname),
  );
  if (given.length > 0) return given.join(',');
  return valueAt(service, 'spec.type') === 'LoadBalancer' ? '<pending>' : '<none>';
}

export function servicePorts(service: KubeObject): string {
  const portText = ({ port, nodePort, protocol }: JsonObject): string =>
    `${String(port)}${nodePort === undefined ? '' : `:${String(nodePort)}`}/${String(protocol)}`;
  return listAt(service, 'spec.ports').map(portText).join(',') || '<none>';
}

export function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, 'status.conditions').find(({ type }) => type === 'Ready')?.['status'];
  const state = ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady';
  return valueAt(node, 'spec.unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

export function nodeRoles(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(node.metadata.labels ?? {}).filter((key) => key.startsWith(prefix));
  return (
    roles
      .map((key) => key.slice(prefix.length))
      .sort()
      .join(',') || '<none>'
  );
}

export function nodeAddress(node: KubeObject, kind: string): string {
  return String(listAt(node, 'status.addresses').find(({ type }) => type === kind)?.['address'] ?? '<none>');
}

export function endpointsText(endpoints: KubeObject): string {
  const pairs = listAt(endpoints, 'subsets').flatMap((subset) =>
    listAt(subset, 'addresses').flatMap(({ ip }) =>
      listAt(subset, 'ports').map(({ port }) => `${String(ip)}:${String(port)}`),
    ),
  );
  if (pairs.length === 0) return '<none>';
  return pairs.length > 3 ? `${pairs.slice(0, 3).join(',')} + ${pairs.length - 3} more...` : pairs.join(',');
}

export function jobStatus(job: KubeObject): string {
  const held = listAt(job, 'status.conditions').find(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  );
  return String(held?.['type'] ?? (valueAt(job, 'spec.suspend') === true ? 'Suspended' : 'Running'));
}

export function jobDuration(job: KubeObject, now: Date): string {
  const start = valueAt(job, 'status.startTime') as string | undefined;
  const end = valueAt(job, 'status.completionTime') as string | undefined;
  return start === undefined ? '' : ageText(start, end === undefined ? now : new Date(end), '');
}
