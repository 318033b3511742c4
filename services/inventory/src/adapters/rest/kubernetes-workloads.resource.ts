/** `kubernetes_workloads`: read-only. What lives in unmanaged namespaces does not show up. */
import { EnforcementMode, VisibilityLevel } from '@ringfence/contracts';
import type { EntityLabelsState, KubernetesWorkloadState } from '@ringfence/contracts';
import type { Document, EventStore } from '@ringfence/event-store';
import {
  byHrefs,
  byLabels,
  byTime,
  byWord,
  exact,
  metaOf,
  notFound,
  orgHref,
  page,
  partial,
  refuseFilters,
} from '@ringfence/resources';
import type { Filters, Operations } from '@ringfence/resources';
import { convergence, enforcementView, NOT_ACKNOWLEDGED } from '../../read/acks.js';
import type { Converged } from '../../read/acks.js';
import { kubernetesWorkloads } from '../../read/inventory-documents.js';
import { labelled, profilesByNamespace } from '../../read/labelled.js';
import type { KnownProfile } from '../../read/labelled.js';
import { clusterReference, labelReferences, surroundings } from './surroundings.js';
import type { SurroundingParts, Surroundings } from './surroundings.js';
import { versionsOf } from './workload-view.js';

interface Item {
  readonly found: Document<KubernetesWorkloadState>;
  readonly entity: EntityLabelsState;
  readonly converged: Converged;
  readonly profile: KnownProfile | undefined;
}
interface ItemInTime extends Item {
  readonly versions: ReturnType<typeof versionsOf>;
}

export function kubernetesWorkloadOperations(parts: SurroundingParts): Operations {
  const { store } = parts;
  return {
    list: async (request) => {
      const { query } = request;
      refuseFilters(query, UNSUPPORTED);
      const known = await knownItems(store);
      const context = await surroundings(parts, request);
      const all = known.map((each) => withProgress(each, context));
      const { matched, shown } = page(all, query, FILTERS);
      return { body: shown.map((each) => show(each, context)), total: all.length, matched: matched.length };
    },
    get: async (request) => {
      const { ids } = request;
      const item = (await knownItems(store)).find((each) => each.found.id === ids[0]);
      if (item === undefined) throw notFound('Kubernetes workload');
      const context = await surroundings(parts, request);
      return { body: show(withProgress(item, context), context) };
    },
  };
}

const FILTERS: Filters<ItemInTime> = {
  name: partial((each) => each.found.body.name),
  namespace: partial((each) => each.found.body.namespace),
  kind: exact((each) => each.found.body.kind),
  labels: byLabels((each) => each.entity.labels),
  container_clusters: byHrefs((each) => each.found.body.cluster, 'container_clusters'),
  enforcement_mode: byWord('enforcement_mode', EnforcementMode.options, (each) => each.entity.mode),
  visibility_level: byWord('visibility_level', VisibilityLevel.options, visibilityLevel),
  security_policy_sync_state: byWord('security_policy_sync_state', ['syncing', 'applied'], syncState),
  ...byTime('security_policy_applied_at', ({ converged: { status } }) =>
    status.acked_at === null ? null : new Date(status.acked_at),
  ),
};
/** In which form is not public. */
const UNSUPPORTED = ['no_labels'];

function visibilityLevel({ profile }: Pick<Item, 'profile'>): string {
  return profile?.visibilityLevel ?? 'flow_summary';
}

async function knownItems(store: EventStore): Promise<Item[]> {
  const entities = await labelled.all(store.entities, 'entity');
  const converged = await convergence(store);
  const profiles = await profilesByNamespace(store.entities);
  const all = await kubernetesWorkloads.live(store.entities);
  return all.flatMap((found) => {
    const entity = entities.get(found.id);
    if (entity === undefined) return [];
    const profile = profiles.get(`${found.body.cluster}/${found.body.namespace}`);
    return [
      {
        found,
        entity,
        converged: converged.get(`${found.body.cluster}/${found.id}`) ?? NOT_ACKNOWLEDGED,
        profile,
      },
    ];
  });
}

function withProgress(item: Item, { progressOf }: Surroundings): ItemInTime {
  const { nodes, policyVersion } = item.converged;
  return { ...item, versions: versionsOf(progressOf(item.found.body.cluster), nodes, policyVersion) };
}

/** A Service has no Pods of its own: nothing of it can be pending. */
function syncState({ found, converged, versions }: ItemInTime): 'syncing' | 'applied' {
  if (found.body.kind === 'Service') return 'applied';
  const { acked_at, pending_pods_count, errors_count } = converged.status;
  const isApplied = acked_at !== null && pending_pods_count + errors_count === 0;
  return isApplied && versions.is_newest ? 'applied' : 'syncing';
}

function show(item: ItemInTime, around: Surroundings): Record<string, unknown> {
  const { found, entity, converged, profile } = item;
  const { id, cluster, name, namespace, kind, labels, annotations } = found.body;
  const clusterHref = orgHref(`container_clusters/${cluster}`);
  return {
    href: orgHref(`kubernetes_workloads/${id}`),
    name,
    namespace,
    kind,
    labels: labelReferences(entity.labels, around.labels),
    enforcement_mode: entity.mode,
    visibility_level: visibilityLevel(item),
    container_workload_profile:
      profile === undefined
        ? null
        : { href: `${clusterHref}/container_workload_profiles/${profile.id}`, name: profile.name, namespace },
    container_cluster: clusterReference(cluster, around),
    security_policy_sync_state: syncState(item),
    security_policy_applied_at: converged.status.acked_at,
    metadata: { labels, annotations },
    private_ip_addresses: converged.addresses,
    container_policy_convergence_status: converged.status,
    ringfence_enforcement: enforcementView(
      {
        asked: entity.mode,
        places: converged.status.total_pods_count,
        in_force: converged.status.success_pods_count,
        ...item.versions,
      },
      converged.laggards,
    ),
    ringfence_refused_annotations: entity.refused,
    ...metaOf(found),
  };
}
