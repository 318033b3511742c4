/** Who an address is, for flows: read off the cluster's view, with a short memory for addresses that were given up. */
import type { Address, Endpoint, FlowEnd, ServiceObserved } from '@ringfence/contracts';
import type { ViewChanges, ClusterView } from './cluster-view.calculator.js';
import type { PodFacts } from './pod-endpoints.calculator.js';
import type { Identities, Identity, ServiceAt, ServiceTarget } from './flow-decoration.js';

/** Flows are reported after they happened, some of them after their Pod. */
const REMEMBERED = 10_000;

interface Known {
  readonly endpoint: Endpoint;
  readonly identity: Identity;
}

export class ClusterIdentities implements Identities {
  private readonly former = new Map<Address, Identity>();
  private readonly formerReporters = new Map<
    string,
    { readonly identity: Identity; readonly node: string | null }
  >();
  private readonly known = new Map<string, Known>();
  private readonly idByAddress = new Map<Address, string>();
  private readonly services = new Map<Address, string>();

  constructor(private readonly view: ClusterView) {}

  /** After a flush of the view: what was told and what went. */
  follow({ endpoints, services }: Pick<ViewChanges, 'endpoints' | 'services'>): void {
    for (const id of endpoints.remove) {
      this.rememberReporter(id);
      this.leave(id);
    }
    for (const endpoint of endpoints.upsert) {
      this.leave(endpoint.id);
      this.known.set(endpoint.id, { endpoint, identity: this.describe(endpoint) });
      for (const address of endpoint.addresses) this.idByAddress.set(address, endpoint.id);
    }
    if (services) this.followServices();
  }

  private followServices(): void {
    this.services.clear();
    for (const service of this.view.services.values()) {
      for (const address of service.clusterIps) this.services.set(address, service.uid);
    }
  }

  byReporter(id: string): Identity | undefined {
    const endpoint = this.view.endpoint(id);
    if (endpoint !== undefined) return this.describe(endpoint);
    const pod = this.view.pods.pods.get(id);
    return pod === undefined ? this.formerReporters.get(id)?.identity : unmanaged(pod);
  }

  nodeOfReporter(id: string): string | null | undefined {
    if (this.view.nodes.isNode(id)) return id;
    const pod = this.view.pods.pods.get(id);
    return pod === undefined ? this.formerReporters.get(id)?.node : pod.node;
  }

  byAddress(address: Address): Identity | undefined {
    const endpoint = this.view.endpoint(this.idByAddress.get(address) ?? '');
    if (endpoint !== undefined) return this.describe(endpoint);
    return this.unmanagedPod(address) ?? this.announcedPod(address) ?? this.former.get(address);
  }

  serviceAt(address: Address): ServiceAt | undefined {
    const service = this.view.services.get(this.services.get(address) ?? '');
    if (service === undefined) return undefined;
    const { namespace, name, ports, backends } = service;
    const indexOf = (proto: number, port: number): number =>
      ports.findIndex((one) => one.proto === proto && one.port === port);
    const targets = (proto: number, port: number): ServiceTarget[] =>
      backends
        .filter(({ portIndex }) => portIndex === indexOf(proto, port))
        .map(({ address: of, targetPort }) => ({ address: of, port: targetPort }));
    return {
      namespace,
      name,
      identity: this.ofService(service),
      targets,
      targetPort: (proto, port) => {
        const known = new Set(targets(proto, port).map((target) => target.port));
        const [only] = known.size === 1 ? known : [];
        return only ?? ports[indexOf(proto, port)]?.targetPort ?? port;
      },
    };
  }

  private ofService({ uid, namespace, name }: ServiceObserved): Identity | undefined {
    const { pods } = this.view;
    const given = pods.serviceLabels(uid);
    if (given === null) return undefined;
    return {
      ...given,
      kind: 'Service',
      name,
      namespace,
      mode: pods.modeOf(namespace) ?? null,
      managed: true,
    };
  }

  private unmanagedPod(address: Address): Identity | undefined {
    const pod = this.view.pods.podAt(address);
    return pod && unmanaged(pod);
  }

  private announcedPod(address: Address): Identity | undefined {
    const pod = this.view.pods.announcedAt(address);
    const endpoint = pod && this.view.endpoint(pod.uid);
    return endpoint === undefined ? pod && unmanaged(pod) : this.describe(endpoint);
  }

  private rememberReporter(id: string): void {
    const known = this.known.get(id);
    if (known === undefined) return;
    const { node } = known.endpoint;
    remember(this.formerReporters, id, { identity: this.inForce(known), node });
  }

  private describe(endpoint: Endpoint): Identity {
    const unit = this.view.units.unit(endpoint.labelSet);
    const mode: FlowEnd['mode'] = endpoint.mode ?? unit?.mode ?? null;
    const labels = unit?.labelSet.labels ?? [];
    const { workload } = endpoint;
    if (endpoint.class === 'node')
      return { workload, kind: 'Node', name: endpoint.id, namespace: null, labels, mode, managed: true };
    const pod = this.view.pods.pods.get(endpoint.id);
    if (pod === undefined)
      return { workload, kind: 'Workload', name: null, namespace: null, labels, mode: null, managed: false };
    const { kind, name } = pod.owner;
    return { workload, kind, name, namespace: pod.namespace, labels, mode, managed: true };
  }

  /** Its mode may have changed since it was told: by its unit or, when that went with it, by its namespace. */
  private inForce({ endpoint, identity }: Known): Identity {
    const ofNamespace = identity.namespace === null ? undefined : this.view.pods.modeOf(identity.namespace);
    const mode =
      endpoint.mode ?? this.view.units.unit(endpoint.labelSet)?.mode ?? ofNamespace ?? identity.mode;
    return { ...identity, mode };
  }

  private leave(id: string): void {
    const known = this.known.get(id);
    if (known === undefined) return;
    this.known.delete(id);
    for (const address of known.endpoint.addresses) {
      if (this.idByAddress.get(address) !== id) continue;
      this.idByAddress.delete(address);
      remember(this.former, address, this.inForce(known));
    }
  }
}

/** The newest go to the end, the oldest are forgotten. */
function remember<K, V>(memory: Map<K, V>, key: K, value: V): void {
  memory.delete(key);
  memory.set(key, value);
  for (const oldest of memory.keys()) {
    if (memory.size <= REMEMBERED) break;
    memory.delete(oldest);
  }
}

/** An address and its namespace as a hint: policy says nothing about it. */
function unmanaged({ namespace, owner }: PodFacts): Identity {
  const { kind, name } = owner;
  return { workload: null, kind, name, namespace, labels: [], mode: null, managed: false };
}
