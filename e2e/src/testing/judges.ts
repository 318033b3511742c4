/**
 * Two more judges of a packet beside the kernel and explain: the engine, computed here from what REST shows, and the words. They know
 * no NodePorts, no essential rules, and of ClusterIPs only those of Services that rules mean: where one of these decides they are not asked.
 */
import type { EnforcementMode, Endpoint } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { evaluate } from '@ringfence/policy-engine';
import type { Packet } from '@ringfence/policy-engine';
import {
  computePolicy,
  hostAddressesOf,
  inCluster,
  membersOf,
  verdictByWords,
} from '@ringfence/policy-engine/testing';
import type { ServiceInWorld, World } from '@ringfence/policy-engine/testing';
import type { Explained, ExplainedEnd } from '../explained.js';
import type { Target, Town } from '../matrix/town.js';
import { api, clusterId } from '../world.js';
import { catalogueShown, idOf, objectsInForce } from './policy-as-shown.js';

interface WorkloadShown {
  readonly href: string;
  readonly name: string;
  readonly namespace?: string;
  readonly labels: readonly { readonly href: string }[];
  readonly interfaces?: readonly { readonly address: string }[];
}

type Direction = 'egress' | 'ingress';
type Modes = Readonly<Record<string, EnforcementMode>>;

export class Judges {
  private readonly members;
  private readonly units;
  private readonly hostRules: ReadonlySet<string>;

  private constructor(private readonly world: World) {
    const enforced = inCluster(world, computePolicy(world));
    this.members = membersOf(world, enforced);
    this.units = enforced.units;
    const ownHost = new Set(
      [...enforced.groups.values()].flatMap(({ id, ownHost: has }) => (has ? [id] : [])),
    );
    const all = [...this.units.values()].flatMap(({ ingress }) => ingress);
    this.hostRules = new Set(
      all.filter(({ peers }) => peers.some((id) => ownHost.has(id))).map(({ ref }) => ref),
    );
  }

  static async of(town: Town, modes: Modes): Promise<Judges> {
    const labelSets = new Map<string, World['labelSets'][number]>();
    const endpoints = [...(await podsOf(town, modes, labelSets)), ...(await nodesOf(modes, labelSets))];
    const services = await servicesOf(town, modes, labelSets);
    return new Judges({
      cluster: clusterId,
      catalogue: await catalogueShown(),
      objects: await objectsInForce(),
      labelSets: [...labelSets.values()],
      workloads: new Map(endpoints.map(({ workload, labelSet }) => [workload!, labelSet])),
      endpoints,
      services,
      strangers: [],
    });
  }

  /** What they say otherwise than explain, end by end. */
  otherwise({ egress, ingress }: Explained, { proto, isClusterIp, isNodePort }: Target): string[] {
    const isTranslated = isClusterIp === true || isNodePort === true;
    return [
      ...(egress === null || isTranslated ? [] : this.ofEnd(egress, 'egress', proto)),
      ...(ingress === null || isNodePort === true ? [] : this.ofEnd(ingress, 'ingress', proto)),
    ];
  }

  private ofEnd(end: ExplainedEnd, direction: Direction, proto: number): string[] {
    const own = this.world.endpoints.find(({ id }) => id === end.name);
    if (own === undefined || this.isBeyond(end, own)) return [];
    const [, peer = '', port = ''] = /^\[?(.+?)\]?:(\d+)$/.exec(end.sees ?? '') ?? [];
    const packet = { proto, port: Number(port), peer };
    const words = {
      explain: said(end.verdict, end.rule?.ref),
      engine: this.byEngine(own, direction, packet),
      words: this.byWords(own, direction, packet),
    };
    const isSame = new Set(Object.values(words)).size === 1;
    return isSame ? [] : [`${direction} of ${end.name}, which sees ${end.sees}: ${JSON.stringify(words)}`];
  }

  /** Decided by what they do not know: an essential rule, its own address, or that it hosts Pods that let their host in. */
  private isBeyond({ verdict, rule, ruleClass }: ExplainedEnd, own: Endpoint): boolean {
    if (ruleClass === 'essential' || (verdict === 'allowed' && rule === null)) return true;
    return own.class === 'node' && rule !== null && this.hostRules.has(rule.ref);
  }

  private byEngine(own: Endpoint, direction: Direction, packet: Packet): string {
    const { verdict, rule } = evaluate({
      unit: this.units.get(own.labelSet)!,
      mode: own.mode,
      direction,
      packet,
      members: this.members,
      hostAddresses: hostAddressesOf(this.world, own),
      workload: own.workload,
    });
    return said(verdict, rule?.ref);
  }

  private byWords(own: Endpoint, direction: Direction, packet: Packet): string {
    const { verdict, ref } = verdictByWords(this.world, own, direction, packet);
    return said(verdict, ref);
  }
}

const said = (verdict: string, rule: string | null | undefined): string => `${verdict} ${rule ?? ''}`;

type LabelSets = Map<string, World['labelSets'][number]>;

function endpointOf(
  one: Omit<Endpoint, 'labelSet' | 'workload'>,
  {
    workload,
    namespace,
    mode,
    labelSets,
  }: { workload: WorkloadShown; namespace: string | null; mode: EnforcementMode; labelSets: LabelSets },
): Endpoint {
  const labels = workload.labels.map(idOf);
  const labelSet = makeLabelSet({ cluster: clusterId, namespace, class: one.class, labels });
  labelSets.set(labelSet.id, { labelSet, mode });
  return { ...one, labelSet: labelSet.id, workload: idOf(workload) };
}

async function podsOf({ places }: Town, modes: Modes, labelSets: LabelSets): Promise<Endpoint[]> {
  const workloads = await api.get<WorkloadShown[]>(
    '/kubernetes_workloads?kind=Deployment&max_results=100000',
  );
  return places.map(({ namespace, pod, deployment, address, node }) => {
    const workload = workloads.find((one) => one.namespace === namespace && one.name === deployment)!;
    const place = { workload, namespace, mode: modes[namespace]!, labelSets };
    return endpointOf({ id: `${namespace}/${pod}`, class: 'pod', addresses: [address], node }, place);
  });
}

async function servicesOf({ services }: Town, modes: Modes, labelSets: LabelSets): Promise<ServiceInWorld[]> {
  const workloads = await api.get<WorkloadShown[]>('/kubernetes_workloads?kind=Service&max_results=100000');
  return services.map(({ namespace, name, address, ports, backend }) => {
    const shown = workloads.find((one) => one.namespace === namespace && one.name === name)!;
    const labels = shown.labels.map(idOf);
    const labelSet = makeLabelSet({ cluster: clusterId, namespace, class: 'service', labels });
    labelSets.set(labelSet.id, { labelSet, mode: modes[namespace]! });
    return {
      labelSet,
      clusterIps: [address],
      ports: ports.map(([port]) => ({ proto: 6, port })),
      backends: ports.map(([, targetPort], portIndex) => {
        return { portIndex, targetPort, address: backend.address };
      }),
    };
  });
}

async function nodesOf(modes: Modes, labelSets: LabelSets): Promise<Endpoint[]> {
  const found = await api.get<WorkloadShown[]>('/workloads?managed=true&max_results=100000');
  return found.map((workload) => {
    const { name, interfaces = [] } = workload;
    const place = { workload, namespace: null, mode: modes[name]!, labelSets };
    const addresses = interfaces.map(({ address }) => address);
    return endpointOf({ id: name, class: 'node', addresses, node: name, mode: modes[name] }, place);
  });
}
