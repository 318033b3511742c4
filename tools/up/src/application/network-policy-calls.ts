/**
 * Who may call whom by the application's own network policies, from both of their sides. Pure. A rule that lets in everybody says nothing
 * about who calls; a Pod that no Service leads to cannot be called by name.
 */
import type { LabelSelector, Service } from '@ringfence/sandbox';
import {
  describedServices,
  describedWorkloads,
  isBehind,
  isSelected,
  keyOf,
  namespaceOf,
} from './described.js';
import type { Call, DescribedWorkload } from './described.js';
import type { Manifest } from './manifests.js';

interface Peer {
  podSelector?: LabelSelector;
  namespaceSelector?: LabelSelector;
}
interface PolicyPort {
  port?: number | string;
  protocol?: string;
}
interface PolicySpec {
  podSelector?: LabelSelector;
  ingress?: { from?: Peer[]; ports?: PolicyPort[] }[];
  egress?: { to?: Peer[]; ports?: PolicyPort[] }[];
}
interface Permission {
  readonly callers: readonly DescribedWorkload[];
  readonly callees: readonly DescribedWorkload[];
  readonly ports: readonly PolicyPort[];
}

export function callsByPolicies(manifests: readonly Manifest[]): Call[] {
  const workloads = describedWorkloads(manifests);
  const services = describedServices(manifests);
  const namespaces = namespaceLabels(manifests);
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
  const calls = policies
    .flatMap((policy) => permissionsOf(policy, workloads, namespaces))
    .flatMap((permission) => callsOf(permission, services));
  return [...new Map(calls.map((call) => [Object.values(call).join(' '), call])).values()];
}

function permissionsOf(
  policy: Manifest,
  workloads: readonly DescribedWorkload[],
  namespaces: ReadonlyMap<string, Record<string, string>>,
): Permission[] {
  const { podSelector = {}, ingress = [], egress = [] } = policy.spec as PolicySpec;
  const namespace = namespaceOf(policy);
  const subjects = workloads.filter((each) => each.namespace === namespace && isSelected(each, podSelector));
  const peers = (list: readonly Peer[] = []): DescribedWorkload[] =>
    workloads.filter((each) => list.some((peer) => isPeer(each, peer, { namespace, namespaces })));
  return [
    ...ingress.map(({ from, ports = [] }) => ({ callers: peers(from), callees: subjects, ports })),
    ...egress.map(({ to, ports = [] }) => ({ callers: subjects, callees: peers(to), ports })),
  ];
}

function isPeer(
  workload: DescribedWorkload,
  { podSelector, namespaceSelector }: Peer,
  { namespace, namespaces }: { namespace: string; namespaces: ReadonlyMap<string, Record<string, string>> },
): boolean {
  if (podSelector === undefined) return false;
  const isThere =
    namespaceSelector === undefined
      ? workload.namespace === namespace
      : isSelected(
          {
            ...workload,
            labels: {
              'kubernetes.io/metadata.name': workload.namespace,
              ...namespaces.get(workload.namespace),
            },
          },
          namespaceSelector,
        );
  return isThere && isSelected(workload, podSelector);
}

function callsOf({ callers, callees, ports }: Permission, services: readonly Service[]): Call[] {
  return callees.flatMap((callee) =>
    services
      .filter((service) => isBehind(callee, service))
      .flatMap((service) =>
        portsThatLeadTo(service, ports, callee).flatMap(({ port, protocol }) =>
          callers
            .filter((caller) => keyOf(caller) !== keyOf(callee))
            .map((caller): Call => ({
              from: keyOf(caller),
              to: `${callee.namespace}/${service.metadata.name}`,
              port,
              protocol: protocol === 'UDP' ? 'udp' : 'tcp',
            })),
        ),
      ),
  );
}

/** A policy speaks of the Pods' ports, a caller of the Service's. */
function portsThatLeadTo(
  { spec }: Service,
  allowed: readonly PolicyPort[],
  { pod }: DescribedWorkload,
): NonNullable<Service['spec']['ports']> {
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports);
  const numberOf = (port: number | string | undefined): number | undefined =>
    typeof port === 'string' ? declared.find(({ name }) => name === port)?.containerPort : port;
  return (spec.ports ?? []).filter(({ port, targetPort, protocol = 'TCP' }) => {
    const target = numberOf(targetPort ?? port);
    return (
      allowed.length === 0 ||
      allowed.some(
        (each) =>
          (each.protocol ?? 'TCP') === protocol &&
          (each.port === undefined || numberOf(each.port) === target),
      )
    );
  });
}

function namespaceLabels(manifests: readonly Manifest[]): Map<string, Record<string, string>> {
  const described = manifests.filter(({ kind }) => kind === 'Namespace');
  return new Map(
    described.map(({ metadata }) => [
      metadata.name ?? '',
      (metadata as { labels?: Record<string, string> }).labels ?? {},
    ]),
  );
}
