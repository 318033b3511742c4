/**
 * Profiles × catalogue × Kubernetes workloads → the labels of every managed entity. State goes in, in any order; `flush`
 * says what changed since the last flush. What annotations are granted is libs/labels' answer, the same that CLAS
 * enforces. Nodes and unmanaged workloads pass on the labels that pairing or people gave them.
 */
import type {
  EntityLabelsState,
  KubernetesWorkloadState,
  LabelCatalogue,
  LabelOrigin,
  MappedLabel,
  ProfileState,
  WorkloadState,
} from '@ringfence/contracts';
import { GLOBAL } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { EMPTY_CATALOGUE, indexCatalogue, resolveLabels, sortedIntegerIds } from '@ringfence/labels';
import type { CatalogueIndex, ResolvedLabels } from '@ringfence/labels';

export type EntityChange =
  | { readonly type: 'EntityLabelled'; readonly cluster: string; readonly data: EntityLabelsState }
  | { readonly type: 'EntityUnlabelled'; readonly cluster: string; readonly data: { readonly id: string } };

/** That the label map of a cluster asks for. */
export interface MissingLabel {
  readonly cluster: string;
  readonly key: string;
  readonly value: string;
}

const inNamespace = (cluster: string, namespace: string): string => `${cluster}/${namespace}`;

export class EntityLabelsCalculator {
  private catalogue = EMPTY_CATALOGUE;
  /** Profiles that have a namespace, by cluster and namespace, and the key that each profile id has there. */
  private readonly profiles = new Map<string, ProfileState>();
  private readonly namespaceOfProfile = new Map<string, string>();
  private readonly kubernetesWorkloads = new Map<string, KubernetesWorkloadState>();
  private readonly workloads = new Map<string, WorkloadState>();
  private readonly members = new Map<string, Set<string>>();
  private readonly emitted = new Map<string, EntityLabelsState>();
  private readonly dirty = new Set<string>();
  /** Entities that wait for a label which their cluster's map may have made. */
  private readonly waiting = new Set<string>();

  /** What was said before a restart, so that only differences are said again. */
  restore(said: Iterable<EntityLabelsState>): void {
    for (const entity of said) {
      this.emitted.set(entity.id, entity);
      this.dirty.add(entity.id);
    }
  }

  /** Touches only what a changed label can concern: a new label is named by few workloads, or by none yet. */
  setCatalogue(catalogue: Pick<LabelCatalogue, 'types' | 'labels'>): void {
    const before = this.catalogue;
    this.catalogue = indexCatalogue(catalogue);
    const changed = changedLabels(before, this.catalogue);
    for (const workload of this.kubernetesWorkloads.values()) {
      if (changed === 'all' || this.concerns(changed, workload)) this.dirty.add(workload.id);
    }
    // There may be room for theirs now.
    for (const id of this.waiting) this.dirty.add(id);
  }

  setProfile(profile: ProfileState): void {
    this.removeProfile(profile.id);
    if (profile.namespace === null) return;
    const key = inNamespace(profile.cluster, profile.namespace);
    this.profiles.set(key, profile);
    this.namespaceOfProfile.set(profile.id, key);
    this.touchNamespace(key);
  }

  removeProfile(id: string): void {
    const key = this.namespaceOfProfile.get(id);
    if (key === undefined) return;
    this.namespaceOfProfile.delete(id);
    if (this.profiles.get(key)?.id === id) this.profiles.delete(key);
    this.touchNamespace(key);
  }

  setKubernetesWorkload(workload: KubernetesWorkloadState): void {
    this.removeKubernetesWorkload(workload.id);
    this.kubernetesWorkloads.set(workload.id, workload);
    const key = inNamespace(workload.cluster, workload.namespace);
    let members = this.members.get(key);
    if (members === undefined) this.members.set(key, (members = new Set()));
    members.add(workload.id);
    this.dirty.add(workload.id);
  }

  removeKubernetesWorkload(id: string): void {
    const workload = this.kubernetesWorkloads.get(id);
    if (workload === undefined) return;
    this.kubernetesWorkloads.delete(id);
    const key = inNamespace(workload.cluster, workload.namespace);
    const members = this.members.get(key);
    members?.delete(id);
    if (members?.size === 0) this.members.delete(key);
    this.dirty.add(id);
  }

  setWorkload(workload: WorkloadState): void {
    this.workloads.set(workload.id, workload);
    this.dirty.add(workload.id);
  }

  removeWorkload(id: string): void {
    if (this.workloads.delete(id)) this.dirty.add(id);
  }

  /**
   * Labels that the clusters' label maps may have made for what changed since the last flush, each once, in one order: whoever
   * makes them says so by the catalogue.
   */
  missing(): MissingLabel[] {
    const wanted = new Map<string, MissingLabel>();
    for (const id of [...this.dirty].sort()) {
      const owner = this.kubernetesWorkloads.get(id);
      for (const { key, value } of (owner && this.given(owner)?.missing) ?? []) {
        const name = JSON.stringify([key, value]);
        if (!wanted.has(name)) wanted.set(name, { cluster: owner!.cluster, key, value });
      }
    }
    return [...wanted.values()];
  }

  /** Sorted by id, so that the same changes in another order say the same. */
  flush(): EntityChange[] {
    const changes: EntityChange[] = [];
    for (const id of [...this.dirty].sort()) {
      const before = this.emitted.get(id);
      const now = this.labelsOf(id);
      if (now !== null && !isSameValue(before, now)) {
        this.emitted.set(id, now);
        changes.push({ type: 'EntityLabelled', cluster: now.cluster, data: now });
      } else if (now === null && before !== undefined) {
        this.emitted.delete(id);
        changes.push({ type: 'EntityUnlabelled', cluster: before.cluster, data: { id } });
      }
    }
    this.dirty.clear();
    return changes;
  }

  private concerns(
    changed: ChangedLabels,
    { cluster, namespace, annotations, mapped = [] }: KubernetesWorkloadState,
  ): boolean {
    if (Object.values(annotations).some((value) => changed.values.has(value))) return true;
    if (mapped.some(({ value }) => changed.values.has(value))) return true;
    const assignments = this.profiles.get(inNamespace(cluster, namespace))?.assignments ?? {};
    return Object.values(assignments).some((each) => each.how === 'fixed' && changed.ids.has(each.label));
  }

  private touchNamespace(key: string): void {
    for (const id of this.members.get(key) ?? []) this.dirty.add(id);
  }

  /** Undefined: its namespace is not managed. */
  private given(owner: KubernetesWorkloadState): (ResolvedLabels & Pick<ProfileState, 'mode'>) | undefined {
    const profile = this.profiles.get(inNamespace(owner.cluster, owner.namespace));
    if (profile === undefined || !profile.managed) return undefined;
    const resolved = resolveLabels(profile, this.catalogue, owner);
    const origins = resolved.origins.map((origin) => this.fromTemplate(origin, profile));
    return { ...resolved, origins, mode: profile.mode };
  }

  private fromTemplate(origin: LabelOrigin, { ofTemplate = [] }: ProfileState): LabelOrigin {
    const key = this.catalogue.keyOf(origin.label);
    const isOfTemplate = origin.by === 'profile' && key !== undefined && ofTemplate.includes(key);
    return isOfTemplate ? { ...origin, by: 'template' } : origin;
  }

  private labelsOf(id: string): EntityLabelsState | null {
    this.waiting.delete(id);
    const workload = this.workloads.get(id);
    if (workload !== undefined) return entityOfWorkload(workload);
    const owner = this.kubernetesWorkloads.get(id);
    const given = owner && this.given(owner);
    if (owner === undefined || given === undefined) return null;
    const { labels, refused, origins, missing, mode } = given;
    if (missing.length > 0) this.waiting.add(id);
    return {
      id,
      cluster: owner.cluster,
      class: owner.kind === 'Service' ? 'service' : 'pod',
      kind: owner.kind,
      namespace: owner.namespace,
      name: owner.name,
      labels,
      mode,
      // What is missing still may not be made, or was refused.
      refused: [...refused, ...missing.map(refusedByMap)],
      addresses: [],
      node: null,
      ...(owner.outside && { outside: owner.outside }),
      origins,
    };
  }
}

const refusedByMap = ({ key, value, from }: MappedLabel): EntityLabelsState['refused'][number] => ({
  ...{ key, value, annotation: from },
  reason: 'no-such-label',
});

interface ChangedLabels {
  readonly ids: ReadonlySet<string>;
  /** Before and after the change. */
  readonly values: ReadonlySet<string>;
}

function changedLabels(before: CatalogueIndex, after: CatalogueIndex): ChangedLabels | 'all' {
  if (!isSameValue(before.types, after.types)) return 'all';
  const ids = new Set<string>();
  const values = new Set<string>();
  for (const id of new Set([...before.labelIds, ...after.labelIds])) {
    const [was, is] = [before.valueOf(id), after.valueOf(id)];
    if (was === is && before.keyOf(id) === after.keyOf(id)) continue;
    ids.add(id);
    for (const value of [was, is]) if (value !== undefined) values.add(value);
  }
  return { ids, values };
}

/** Most report all, and need no word of it. */
const reporting = (level: string | undefined): Pick<EntityLabelsState, 'visibilityLevel'> =>
  level === undefined || level === 'flow_summary' ? {} : { visibilityLevel: level };

/** Where some interface says how wide its subnet is. A prefix that holds everything, or is none, says nothing. */
function subnetsOf({ interfaces = [] }: WorkloadState): Pick<EntityLabelsState, 'subnets'> {
  const own = interfaces.filter(({ address, loopback }) => address && loopback !== true);
  const isWide = ({ address, cidr_block: block }: (typeof own)[number]): boolean =>
    (block ?? 0) > 0 && block! < bitsOf(address!);
  if (!own.some(isWide)) return {};
  const subnets = own.map(
    (each) => `${each.address!}/${isWide(each) ? each.cidr_block! : bitsOf(each.address!)}`,
  );
  return { subnets: [...new Set(subnets)].sort() };
}
const bitsOf = (address: string): number => (address.includes(':') ? 128 : 32);

function entityOfWorkload(workload: WorkloadState): EntityLabelsState {
  const isNode = workload.node !== null;
  return {
    id: workload.id,
    cluster: workload.cluster ?? GLOBAL,
    class: isNode ? 'node' : 'unmanaged',
    kind: isNode ? 'Node' : 'Workload',
    namespace: null,
    name: workload.name,
    labels: sortedIntegerIds(workload.labels),
    mode: workload.mode,
    refused: [],
    addresses: workload.addresses,
    ...subnetsOf(workload),
    node: workload.node,
    ...(workload.adminPorts && { adminPorts: workload.adminPorts }),
    ...(isNode && reporting(workload.visibilityLevel)),
    ...(workload.lost === true && { lost: true }),
    ...(isNode && workload.outside && { outside: workload.outside }),
    ...(workload.origins && { origins: workload.origins }),
  };
}
