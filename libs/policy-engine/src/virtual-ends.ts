/**
 * Virtual services as the ends of rules. One stands for the workloads that are bound to it, each on its own ports, and for its
 * addresses; where it has overrides, others reach its workloads there instead. A rule names it, or means it by its labels, and
 * its scope narrows it by its labels, as if it were a workload.
 */
import type { PortRange, RuleActor, ServiceBinding, VirtualService } from '@ringfence/contracts';
import { ALL_WORKLOADS, matches } from '@ringfence/labels';
import { intervalToCidrs, mergeIntervals, parseCidr } from './address.js';
import { normalisePorts } from './ports.js';
import { askAddresses, askWorkloads } from './question.js';
import type { Question } from './question.js';
import { labelledSelector, sideOfQuestions } from './side.js';
import type { References, Scope, Side } from './side.js';

export interface VirtualReferences extends References {
  /** Ports of a service object; undefined: it is not there. */
  servicePorts(id: string): readonly PortRange[] | undefined;
  virtualService(id: string): VirtualService | undefined;
  virtualServices(): Iterable<VirtualService>;
  bindingsOf(virtualService: string): Iterable<ServiceBinding>;
}

/** What a side means by virtual services. */
export interface VirtualMeaning {
  readonly references: VirtualReferences;
  readonly scope: Scope;
  /** Whether labels and `ams` mean virtual services, too. */
  readonly labelsAreVirtual: boolean;
}

/** One of a virtual service's ports: who answers there, and whom others ask for. */
export interface VirtualEnd {
  readonly at: Side;
  readonly peers: Side;
  readonly ports: PortRange[];
}

/** Those that a side means, each once, in the order of their ids. */
export function virtualServicesOf(
  actors: readonly RuleActor[],
  { references, scope, labelsAreVirtual }: VirtualMeaning,
): VirtualService[] {
  const named = actors.flatMap((actor) => (actor.kind === 'virtual_service' ? [actor.id] : []));
  if (named.length === 0 && !labelsAreVirtual) return [];
  const { meant, remaining } = labelledSelector(actors, references, scope);
  const isLeft = (selector: typeof meant, service: VirtualService): boolean =>
    selector !== null && matches(selector, { class: 'pod', labels: service.labels }, references);
  const found = new Map<string, VirtualService>();
  for (const id of named) {
    const service = references.virtualService(id);
    if (service !== undefined && isLeft(remaining, service)) found.set(id, service);
  }
  if (labelsAreVirtual && meant !== null)
    for (const service of references.virtualServices())
      if (isLeft(meant, service)) found.set(service.id, service);
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** As whom consumers reach: an end for each set of ports. */
export function providerEnds(service: VirtualService, references: VirtualReferences): VirtualEnd[] {
  const own = portsOf(service, references);
  const hasOverrides = service.overrides.length > 0;
  const places = new Places();
  for (const binding of references.bindingsOf(service.id))
    places.on(overridden(own, binding)).workloads.push(binding.workload);
  if (hasOverrides) places.on(own).ips.push(...service.overrides);
  for (const { ip, fqdn, port } of service.addresses) {
    const place = places.on(port === undefined ? own : onOnePort(own, port));
    if (ip !== undefined) place.ips.push(ip);
    if (fqdn !== undefined) place.fqdns.push(fqdn);
  }
  return places.all().map(({ ports, workloads, ips, fqdns }) => {
    const named = workloads.length === 0 ? null : askWorkloads(workloads, ALL_WORKLOADS);
    const at = sideOfQuestions(named, []);
    const peers = sideOfQuestions(hasOverrides ? null : named, addressesAsked(ips, fqdns));
    return { at, peers, ports };
  });
}

/** As those who ask others: the workloads that are bound to these. Addresses of a service ask nobody. */
export function consumerEnd(
  services: readonly VirtualService[],
  references: VirtualReferences,
): Omit<VirtualEnd, 'ports'> | null {
  const bound = services.map((service) => ({
    overrides: service.overrides,
    workloads: [...references.bindingsOf(service.id)].map(({ workload }) => workload),
  }));
  const workloads = bound.flatMap((one) => one.workloads);
  if (workloads.length === 0) return null;
  const plain = bound.filter(({ overrides }) => overrides.length === 0).flatMap((one) => one.workloads);
  const ips = bound.filter((one) => one.workloads.length > 0).flatMap(({ overrides }) => overrides);
  const ask = (ids: readonly string[]) => (ids.length === 0 ? null : askWorkloads(ids, ALL_WORKLOADS));
  return {
    at: sideOfQuestions(ask(workloads), []),
    peers: sideOfQuestions(ask(plain), addressesAsked(ips, [])),
  };
}

const portsOf = (service: VirtualService, references: VirtualReferences): readonly PortRange[] =>
  service.service === null ? service.ports : (references.servicePorts(service.service) ?? []);

/** The range that begins where an override says is answered elsewhere by this workload. */
function overridden(own: readonly PortRange[], { portOverrides }: ServiceBinding): PortRange[] {
  return own.map((range): PortRange => {
    const override = portOverrides.find(({ proto, from }) => proto === range.proto && from === range.from);
    if (override === undefined) return range;
    const { proto, newFrom, newTo } = override;
    const width = (range.to ?? range.from!) - range.from!;
    return { proto, from: newFrom, to: newTo ?? Math.min(newFrom + width, LAST_PORT) };
  });
}

const LAST_PORT = 65_535;
const ANY_PROTOCOL = -1;
const WITH_PORTS = [6, 17];
/** The service's protocols on this port. */
function onOnePort(own: readonly PortRange[], port: number): PortRange[] {
  const isAny = own.some(({ proto }) => proto === ANY_PROTOCOL);
  const protocols = WITH_PORTS.filter((each) => isAny || own.some(({ proto }) => proto === each));
  return protocols.map((proto) => ({ proto, from: port, to: port }));
}

function addressesAsked(ips: readonly string[], fqdns: readonly string[]): Question[] {
  const cidrs = mergeIntervals(ips.flatMap((ip) => parseCidr(ip) ?? [])).flatMap(intervalToCidrs);
  return cidrs.length + fqdns.length === 0 ? [] : [askAddresses(cidrs, [...new Set(fqdns)].sort())];
}

interface Place {
  readonly ports: PortRange[];
  readonly workloads: string[];
  readonly ips: string[];
  readonly fqdns: string[];
}

/** What answers on the same ports; where there is no port, nobody does. */
class Places {
  private readonly byPorts = new Map<string, Place>();

  on(ranges: readonly PortRange[]): Place {
    const ports = normalisePorts(ranges);
    const text = JSON.stringify(ports);
    let place = this.byPorts.get(text);
    if (place === undefined) this.byPorts.set(text, (place = { ports, workloads: [], ips: [], fqdns: [] }));
    return place;
  }

  all(): Place[] {
    return [...this.byPorts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, place]) => place)
      .filter(({ ports }) => ports.length > 0);
  }
}
