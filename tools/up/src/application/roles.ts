/**
 * The role of everything that an application describes. A person's annotation stands; else it is the component label, the name or `app`
 * label, the Service that selects it, and at last its own name. A label that workloads behind different Services share tells nobody
 * apart and is passed over. A Service has the role of those behind it. Pure.
 */
import {
  annotationHolder,
  describedServices,
  describedWorkload,
  describedWorkloads,
  isBehind,
  keyOf,
} from './described.js';
import type { DescribedWorkload } from './described.js';
import type { Manifest } from './manifests.js';

const ROLE_ANNOTATIONS = ['ringfence.io/role', 'com.illumio.role'] as const;
const ROLE_LABELS = ['app.kubernetes.io/component', 'app.kubernetes.io/name', 'app'] as const;

export function withRoles(manifests: readonly Manifest[]): { manifests: Manifest[]; roles: string[] } {
  const copies = structuredClone([...manifests]);
  const roles = rolesOf(copies);
  for (const [index, role] of roles) {
    const holder = annotationHolder(copies[index]!);
    if (givenRole(holder.annotations ?? {}) === undefined)
      holder.annotations = { ...holder.annotations, [ROLE_ANNOTATIONS[0]]: role };
  }
  return { manifests: copies, roles: [...new Set(roles.values())] };
}

/** By place in the list; only of workloads and Services. */
function rolesOf(manifests: readonly Manifest[]): Map<number, string> {
  const workloads = describedWorkloads(manifests);
  const services = describedServices(manifests);
  const behind = new Map(
    workloads.map((each) => [
      each,
      services.filter((service) => isBehind(each, service)).map(({ metadata }) => metadata.name),
    ]),
  );
  const roleOfWorkload = (workload: DescribedWorkload): string =>
    givenRole(workload.pod.metadata.annotations ?? {}) ??
    labelOf(workload, behind) ??
    behind.get(workload)?.[0] ??
    workload.name;
  const byKey = new Map(workloads.map((each) => [keyOf(each), each]));

  return new Map(
    manifests.flatMap((manifest, index): [number, string][] => {
      if (manifest.kind === 'Service') return [[index, roleOfService(manifest, workloads, roleOfWorkload)]];
      const described = describedWorkload(manifest);
      return described === undefined
        ? []
        : [[index, roleOfWorkload(byKey.get(keyOf(described)) ?? described)]];
    }),
  );
}

function roleOfService(
  manifest: Manifest,
  workloads: readonly DescribedWorkload[],
  roleOf: (workload: DescribedWorkload) => string,
): string {
  const [service] = describedServices([manifest]);
  const own = givenRole(manifest.metadata.annotations ?? {});
  const roles = new Set(workloads.filter((each) => service && isBehind(each, service)).map(roleOf));
  const [only] = roles.size === 1 ? roles : [];
  return own ?? only ?? manifest.metadata.name ?? 'unnamed';
}

const givenRole = (annotations: Readonly<Record<string, string>>): string | undefined =>
  ROLE_ANNOTATIONS.map((key) => annotations[key]).find((value) => value !== undefined);

function labelOf(
  workload: DescribedWorkload,
  behind: ReadonlyMap<DescribedWorkload, readonly string[]>,
): string | undefined {
  const told = ROLE_LABELS.find((key) => {
    const value = workload.labels[key];
    return value !== undefined && value !== '' && tellsApart(workload, key, behind);
  });
  return told === undefined ? undefined : workload.labels[told];
}

/** Those who share the value are behind the same Services. */
function tellsApart(
  { namespace, labels }: DescribedWorkload,
  key: string,
  behind: ReadonlyMap<DescribedWorkload, readonly string[]>,
): boolean {
  const sharing = [...behind].filter(
    ([other]) => other.namespace === namespace && other.labels[key] === labels[key],
  );
  return new Set(sharing.map(([, services]) => services.join(' ')).filter((text) => text !== '')).size <= 1;
}
