/** Which namespaces are managed, as nodes are told. */
import type { EnforcementMode, ProfileSettings } from '@ringfence/contracts';

export type ManagedNamespace = { readonly name: string; readonly mode: EnforcementMode };
/**
 * With the mode of a Pod of which nothing else is known yet. Where a NetworkPolicy isolates Pods, a new one may be among them, and is
 * closed until that is known.
 */
export function managedNamespaces(
  profiles: Iterable<ProfileSettings>,
  isIsolating: (namespace: string) => boolean = () => false,
): ManagedNamespace[] {
  return [...profiles]
    .filter((profile) => profile.managed)
    .map(({ namespace, mode }) => ({ name: namespace, mode: isIsolating(namespace) ? 'full' : mode }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
