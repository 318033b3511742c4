/**
 * Who will call whom in the sandbox: what the stubs find by themselves, by the same rules as they; what a file of the user's says; and for
 * a workload that names nobody what the application's network policies let it reach. What is not found is added as an
 * annotation that the stubs read. Pure.
 */
import { containerCalls, KnownServices, sandboxAnnotations } from '@ringfence/sandbox';
import type { EnvironmentSources, Service } from '@ringfence/sandbox';
import {
  annotationHolder,
  describedServices,
  describedWorkload,
  describedWorkloads,
  keyOf,
  namespaceOf,
} from './described.js';
import type { Call, DescribedWorkload } from './described.js';
import type { Manifest } from './manifests.js';
import { callsByPolicies } from './network-policy-calls.js';

export interface CallSummary {
  readonly found: number;
  readonly given: number;
  readonly byPolicies: number;
  readonly workloads: number;
}

/** `made`: what is in the cluster beside the manifests. */
export function withCalls(
  manifests: readonly Manifest[],
  given: readonly Call[],
  made: readonly Manifest[] = [],
): { manifests: Manifest[]; summary: CallSummary } {
  const workloads = describedWorkloads(manifests);
  const found = callsFound(manifests, workloads, dataOf([...manifests, ...made]));
  const callers = new Set([...found, ...given].map(({ from }) => from));
  const byPolicies = callsByPolicies(manifests).filter(({ from }) => !callers.has(from));
  return {
    manifests: manifests.map((manifest) => withAnnotation(manifest, [...given, ...byPolicies])),
    summary: {
      found: found.length,
      given: given.length,
      byPolicies: byPolicies.length,
      workloads: workloads.length,
    },
  };
}

function callsFound(
  manifests: readonly Manifest[],
  workloads: readonly DescribedWorkload[],
  data: Data,
): Call[] {
  const services = describedServices(manifests);
  const calls = workloads.flatMap((workload) => callsOf(workload, services, data));
  return [...new Map(calls.map((call) => [Object.values(call).join(' '), call])).values()];
}

function callsOf(
  { namespace, name, pod }: DescribedWorkload,
  services: readonly Service[],
  data: Data,
): Call[] {
  const own = new Map(
    [...data].flatMap(([key, value]) =>
      key.startsWith(`${namespace}/`) ? [[key.slice(namespace.length + 1), value]] : [],
    ),
  );
  const sources: EnvironmentSources = { data: own, podAddress: '', hostAddress: '', services };
  const known = new KnownServices(services, pod);
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap((container) => {
    try {
      return containerCalls(pod, container, sources).flatMap(({ host, port, protocol }): Call[] => {
        const service = known.find(host);
        const to = service && `${service.metadata.namespace ?? namespace}/${service.metadata.name}`;
        const from = `${namespace}/${name}`;
        return to === undefined ? [] : [{ from, to, port, protocol: protocol === 'udp' ? 'udp' : 'tcp' }];
      });
    } catch {
      // It refers to what nobody makes: the node says so when it starts the container.
      return [];
    }
  });
}

type Data = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** `namespace/configmap/name` and `namespace/secret/name`. */
function dataOf(manifests: readonly Manifest[]): Data {
  const described = manifests as readonly (Manifest & {
    data?: Record<string, string>;
    stringData?: Record<string, string>;
  })[];
  return new Map(
    described
      .filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret')
      .map((manifest) => {
        const { kind, metadata, data = {}, stringData = {} } = manifest;
        const decoded = Object.entries(data).map(([key, value]) => [
          key,
          kind === 'Secret' ? Buffer.from(String(value), 'base64').toString() : String(value),
        ]);
        const key = `${namespaceOf(manifest)}/${kind.toLowerCase()}/${metadata.name ?? ''}`;
        return [key, { ...Object.fromEntries(decoded), ...stringData } as Record<string, string>] as const;
      }),
  );
}

function withAnnotation(manifest: Manifest, calls: readonly Call[]): Manifest {
  const workload = describedWorkload(manifest);
  const own = workload === undefined ? [] : calls.filter(({ from }) => from === keyOf(workload));
  if (own.length === 0) return manifest;
  const copy = structuredClone(manifest);
  const holder = annotationHolder(copy);
  const written = holder.annotations?.[sandboxAnnotations.calls];
  const words = [...(written === undefined ? [] : [written]), ...own.map(callWords)].join(' ');
  holder.annotations = { ...holder.annotations, [sandboxAnnotations.calls]: words };
  return copy;
}

function callWords({ to, port, protocol }: Call): string {
  const [namespace = '', name = ''] = to.split('/');
  return `${name}.${namespace}:${String(port)}${protocol === 'udp' ? '/udp' : ''}`;
}
