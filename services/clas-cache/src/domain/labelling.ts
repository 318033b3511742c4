/**
 * Which labels a workload has: by the profile of its namespace, by what there is, and by what it asks for itself. The record of
 * it is label-resolver's; this is what is enforced.
 */
import type { EnforcementMode, LabelSet, ProfileSettings } from '@ringfence/contracts';
import { EMPTY_CATALOGUE, makeLabelSet, resolveLabels } from '@ringfence/labels';
import type { CatalogueIndex, LabelWishes, RefusedAnnotation } from '@ringfence/labels';

export interface Labelled extends LabelWishes {
  readonly namespace: string;
}
export interface GivenLabels {
  readonly labelSet: LabelSet;
  readonly refused: readonly RefusedAnnotation[];
  /** Which flows of its Pods are reported; undefined: all. */
  readonly visibilityLevel: string | undefined;
}

export class Labelling {
  /** By the token of their record. */
  readonly profiles = new Map<string, ProfileSettings>();
  private readonly profileOf = new Map<string, ProfileSettings>();
  private catalogue: CatalogueIndex = EMPTY_CATALOGUE;

  constructor(private readonly cluster: string) {}

  setCatalogue(catalogue: CatalogueIndex): void {
    this.catalogue = catalogue;
  }

  /** null: the profile is gone, its namespace unmanaged. Returns the namespaces that it concerns. */
  setProfile(token: string, profile: ProfileSettings | null): ReadonlySet<string | undefined> {
    const before = this.profiles.get(token);
    if (profile === null) this.profiles.delete(token);
    else this.profiles.set(token, profile);
    this.profileOf.clear();
    for (const one of this.profiles.values()) this.profileOf.set(one.namespace, one);
    return new Set([before?.namespace, profile?.namespace]);
  }

  /** Of a managed namespace; undefined: it is not managed. */
  modeOf(namespace: string): EnforcementMode | undefined {
    const profile = this.profileOf.get(namespace);
    return profile?.managed === true ? profile.mode : undefined;
  }

  /** null: the namespace is not managed. */
  of(labelled: Labelled, of: LabelSet['class']): GivenLabels | null {
    const { namespace } = labelled;
    const profile = this.profileOf.get(namespace);
    if (profile?.managed !== true) return null;
    const { labels, refused } = resolveLabels(profile, this.catalogue, labelled);
    const labelSet = makeLabelSet({ cluster: this.cluster, namespace, class: of, labels });
    return { labelSet, refused, visibilityLevel: reportedBy(profile) };
  }
}

/** Nothing is said of what all report by default. */
export const reportedBy = ({
  visibilityLevel: level,
}: Pick<ProfileSettings, 'visibilityLevel'>): string | undefined =>
  level === 'flow_summary' ? undefined : level;

export const reporting = ({
  visibilityLevel,
}: Pick<GivenLabels, 'visibilityLevel'>): { visibilityLevel?: string } =>
  visibilityLevel === undefined ? {} : { visibilityLevel };

/** Of the Pods that they are given to. */
export const saysTheSame = (a: GivenLabels | null, b: GivenLabels | null): boolean =>
  a?.labelSet.id === b?.labelSet.id && a?.visibilityLevel === b?.visibilityLevel;
