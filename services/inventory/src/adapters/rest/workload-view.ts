/** How workloads look over REST. */
import type { EnforcementView } from '@ringfence/contracts';
import type { Document } from '@ringfence/event-store';
import { orgHref } from '@ringfence/resources';
import type { PolicyProgress } from '../../domain/policy-progress.calculator.js';
import type { Workload } from '../../domain/workload.decider.js';
import { enforcementView } from '../../read/acks.js';
import { agentOf, metaOfWorkload } from './agent-view.js';
import { interfacesOf, networksOf, showInterface } from './interface-view.js';
import { clusterReference, isOnline, labelReferences, placeOf, textOf } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

/** What is shown where nothing was said; texts that the published form always has are empty. */
const ABOUT_DEFAULTS = {
  service_principal_name: null,
  distinguished_name: '',
  service_provider: '',
  data_center: '',
  data_center_zone: '',
  os_id: '',
  os_detail: '',
  ignored_interface_names: [],
};

export function showWorkload(found: Document<Workload>, around: Surroundings): Record<string, unknown> {
  const workload = found.body;
  return {
    href: orgHref(`workloads/${workload.id}`),
    deleted: found.deletedAt !== null,
    name: textOf(workload, 'name'),
    description: textOf(workload, 'description'),
    hostname: textOf(workload, 'hostname'),
    managed: workload.managed,
    online: isOnline(workload, around),
    public_ip: workload.publicIp,
    ...ABOUT_DEFAULTS,
    ...workload.about,
    labels: labelReferences(workload.labels, around.labels),
    enforcement_mode: workload.mode,
    visibility_level: workload.visibilityLevel,
    interfaces: showInterfaces(workload, around),
    services: { open_service_ports: [] },
    agent: agentOf(found, around),
    ...(workload.managed && managedView(workload, around)),
    ...(workload.managed && { ringfence_admin_ports: workload.adminPorts ?? null }),
    external_data_set: workload.externalDataSet,
    external_data_reference: workload.externalDataReference,
    caps: around.reach.caps(['write'], workload.labels),
    ...metaOfWorkload(found),
  };
}

export function showInterfaces(
  workload: Workload,
  { clusterNames }: Surroundings,
): Record<string, unknown>[] {
  const networks = networksOf(clusterNames);
  return interfacesOf(workload).map((each) => showInterface(workload, each, networks));
}

function managedView(workload: Workload, around: Surroundings): Record<string, unknown> {
  const ven = { href: orgHref(`vens/${workload.id}`), hostname: workload.hostname, name: workload.name };
  const status = around.agents.get(placeOf(workload))?.status ?? 'stopped';
  const ack = around.acks.get(placeOf(workload));
  return {
    ringfence_enforcement: hostEnforcement(workload, around),
    ven: { ...ven, status, ven_type: 'containerized' },
    container_cluster: clusterReference(workload.cluster, around),
    ringfence_policy_revision: ack?.revision ?? null,
    ringfence_policy_version: ack?.policyVersion ?? null,
  };
}

/** Of the node's own table. */
function hostEnforcement(workload: Workload, around: Surroundings): EnforcementView {
  const { acks, notInForce, progressOf } = around;
  const ack = acks.get(placeOf(workload));
  const laggard = notInForce.get(placeOf(workload));
  const isInForce = ack !== undefined && laggard === undefined;
  const progress = progressOf(workload.cluster ?? '');
  const versions = versionsOf(progress, [workload.node ?? ''], ack?.policyVersion ?? null);
  return enforcementView(
    { asked: workload.mode, places: 1, in_force: isInForce ? 1 : 0, ...versions },
    laggard === undefined ? [] : [laggard],
  );
}

export function versionsOf(
  { view, isNewestOn }: PolicyProgress,
  nodes: readonly string[],
  inForce: number | null,
): Pick<EnforcementView, 'asked_version' | 'in_force_version' | 'is_newest'> {
  return {
    asked_version: view.asked_version,
    in_force_version: inForce,
    is_newest: view.is_newest || (nodes.length > 0 && nodes.every((node) => isNewestOn(node))),
  };
}
