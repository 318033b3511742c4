/** The enforcement mode of each managed namespace, from its profile; what to look at again when one changes. */
import type { EnforcementMode } from '@ringfence/contracts';
import type { ProfileFact } from './facts.js';

export class NamespaceModes {
  private readonly profiles = new Map<string, ProfileFact>();
  /** By cluster and namespace. Two profiles of one namespace are a passing state: the older id counts. */
  private readonly byNamespace = new Map<string, Map<string, ProfileFact>>();
  private changed = new Set<string>();

  /** The profile that had this id before. */
  set(id: string, profile: ProfileFact | null): ProfileFact | undefined {
    const before = this.profiles.get(id);
    if (before !== undefined) this.byNamespace.get(keyOf(before))?.delete(id);
    if (profile === null) this.profiles.delete(id);
    else this.profiles.set(id, profile);
    if (profile !== null) {
      const others = this.byNamespace.get(keyOf(profile)) ?? new Map<string, ProfileFact>();
      this.byNamespace.set(keyOf(profile), others.set(id, profile));
    }
    for (const each of [before, profile]) if (each) this.changed.add(keyOf(each));
    return before;
  }

  modeOf(place: {
    readonly cluster: string;
    readonly namespace: string | null;
  }): EnforcementMode | undefined {
    if (place.namespace === null) return undefined;
    const profiles = [...(this.byNamespace.get(keyOf(place))?.values() ?? [])].filter(
      (profile) => profile.managed,
    );
    return profiles.sort((a, b) => (a.id < b.id ? -1 : 1))[0]?.mode;
  }

  /** Says of a place whether its profile was touched since the last call. */
  takeChanged():
    ((place: { readonly cluster: string; readonly namespace: string | null }) => boolean) | null {
    if (this.changed.size === 0) return null;
    const changed = this.changed;
    this.changed = new Set();
    return (place) => changed.has(keyOf(place));
  }
}

const keyOf = ({
  cluster,
  namespace,
}: {
  readonly cluster: string;
  readonly namespace: string | null;
}): string => `${cluster}/${namespace ?? ''}`;
