/** An application's namespaces as the control plane is told of them: labels that are made if they are missing, and a profile each. */
import { BULK_MAX } from '@ringfence/contracts';
import type { RingfenceApi } from '../ringfence-api.js';
import { ensureLabels } from './labels.js';
import type { Label } from './labels.js';

/** Labels by label type; what the namespace's profile fixes. */
export type FixedLabels = Readonly<Record<string, string>>;

const TAKEN = 'container_workload_profile_namespace_must_be_unique';

interface ProfileBody {
  readonly managed: boolean;
  readonly enforcement_mode: string;
  readonly labels: readonly object[];
}
interface Made {
  readonly href?: string;
  readonly token?: string;
  readonly message?: string;
}
interface Place {
  readonly api: RingfenceApi;
  readonly clusterId: string;
}
interface Wanted {
  readonly namespaces: readonly string[];
  readonly roles: readonly string[];
  readonly fixed: (namespace: string) => FixedLabels;
}

export async function manageNamespaces(
  { api, clusterId }: Place,
  { namespaces, roles, fixed }: Wanted,
): Promise<void> {
  const labelsOf = (namespace: string): Label[] =>
    Object.entries(fixed(namespace)).map(([key, value]) => ({ key, value }));
  const hrefOf = await ensureLabels(api, [
    ...roles.map((value) => ({ key: 'role', value })),
    ...namespaces.flatMap(labelsOf),
  ]);
  const profileOf = (namespace: string): ProfileBody => {
    const labels = labelsOf(namespace).map((label) => ({
      key: label.key,
      assignment: { href: hrefOf(label) },
    }));
    return { managed: true, enforcement_mode: 'visibility_only', labels };
  };
  const path = `/container_clusters/${clusterId}/container_workload_profiles`;
  const known = await prepareProfiles(api, path, namespaces, profileOf);
  if (known.length > 0) await changeProfiles(api, path, known, profileOf);
}

/** For namespaces that need not exist yet, in few calls; those that have a profile already are answered. */
async function prepareProfiles(
  api: RingfenceApi,
  path: string,
  namespaces: readonly string[],
  profileOf: (namespace: string) => ProfileBody,
): Promise<string[]> {
  const known: string[] = [];
  for (let from = 0; from < namespaces.length; from += BULK_MAX) {
    const some = namespaces.slice(from, from + BULK_MAX);
    const wanted = some.map((namespace) => ({ namespace, ...profileOf(namespace) }));
    const made = await api.put<Made[]>(`${path}/bulk_create`, wanted);
    for (const [index, { href, token, message }] of made.entries()) {
      if (href !== undefined) continue;
      if (token !== TAKEN) throw new Error(`${some[index]} could not be managed: ${message}`);
      known.push(some[index]!);
    }
  }
  return known;
}

/** Of an earlier start, or of a cluster that is no sandbox. */
async function changeProfiles(
  api: RingfenceApi,
  path: string,
  namespaces: readonly string[],
  profileOf: (namespace: string) => ProfileBody,
): Promise<void> {
  const profiles = await api.get<{ href: string; namespace: string | null }[]>(`${path}?max_results=100000`);
  const hrefs = new Map(profiles.map(({ namespace, href }) => [namespace, href]));
  for (const namespace of namespaces) {
    const href = hrefs.get(namespace);
    if (href === undefined) throw new Error(`the namespace ${namespace} could not be managed`);
    await api.put(href, profileOf(namespace));
  }
}
