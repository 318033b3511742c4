/** The policy in force and who has which labels, as REST shows them, as the small world that the engine and the words can judge. */
import type { PolicyObjects, PortRange, RuleActor, ScopeEntry, ServiceRef } from '@ringfence/contracts';
import { api } from '../world.js';

interface Ref {
  readonly href: string;
}
interface ActorShown {
  readonly actors?: 'ams' | 'container_host';
  readonly label?: Ref;
  readonly label_group?: Ref;
  readonly workload?: Ref;
  readonly ip_list?: Ref;
  readonly virtual_service?: Ref;
  readonly exclusion?: boolean;
}
interface PortShown {
  readonly proto: number;
  readonly port?: number;
  readonly to_port?: number;
  readonly icmp_type?: number;
  readonly icmp_code?: number;
}
interface SidesShown extends Ref {
  readonly enabled: boolean;
  readonly providers: readonly ActorShown[];
  readonly consumers: readonly ActorShown[];
  readonly ingress_services: readonly (Ref | PortShown)[];
}
interface RuleShown extends SidesShown {
  readonly unscoped_consumers: boolean;
  readonly resolve_labels_as: {
    readonly providers: ('workloads' | 'virtual_services')[];
    readonly consumers: ('workloads' | 'virtual_services')[];
  };
}
interface RuleSetShown extends Ref {
  readonly enabled: boolean;
  readonly scopes: readonly (readonly ActorShown[])[];
  readonly rules: readonly RuleShown[];
  readonly deny_rules: readonly (SidesShown & { unscoped_consumers: boolean; override: boolean })[];
}
interface VirtualServiceShown extends Ref {
  readonly labels: readonly Ref[];
  readonly service?: Ref;
  readonly service_ports?: readonly PortShown[];
  readonly service_addresses: readonly {
    readonly ip?: string;
    readonly fqdn?: string;
    readonly port?: number;
  }[];
  readonly ip_overrides: readonly string[];
}

export const idOf = ({ href }: Ref): string => href.split('/').at(-1)!;

function actorOf({ exclusion = false, ...shown }: ActorShown): RuleActor {
  if (shown.label) return { kind: 'label', id: idOf(shown.label), exclusion };
  if (shown.label_group) return { kind: 'label_group', id: idOf(shown.label_group), exclusion };
  if (shown.workload) return { kind: 'workload', id: idOf(shown.workload) };
  if (shown.ip_list) return { kind: 'ip_list', id: idOf(shown.ip_list) };
  if (shown.virtual_service) return { kind: 'virtual_service', id: idOf(shown.virtual_service) };
  return { kind: shown.actors! };
}

const portsOf = ({
  proto,
  port,
  to_port: to,
  icmp_type: icmpType,
  icmp_code: icmpCode,
}: PortShown): PortRange => ({
  proto,
  ...(port !== undefined && { from: port }),
  ...(to !== undefined && { to }),
  ...(icmpType !== undefined && { icmpType }),
  ...(icmpCode !== undefined && { icmpCode }),
});

const serviceOf = (shown: Ref | PortShown): ServiceRef =>
  'href' in shown ? { kind: 'service', id: idOf(shown) } : { kind: 'ports', ports: portsOf(shown) };

const sidesOf = (shown: SidesShown) => ({
  id: idOf(shown),
  enabled: shown.enabled,
  description: '',
  providers: shown.providers.map(actorOf),
  consumers: shown.consumers.map(actorOf),
  services: shown.ingress_services.map(serviceOf),
});

const ruleSetOf = (shown: RuleSetShown): PolicyObjects['rule_sets'][number] => ({
  id: idOf(shown),
  name: '',
  description: '',
  enabled: shown.enabled,
  scopes: shown.scopes.map((scope) => scope.map((entry) => actorOf(entry) as ScopeEntry)),
  rules: shown.rules.map((rule) => ({
    ...sidesOf(rule),
    unscopedConsumers: rule.unscoped_consumers,
    resolveProvidersAs: rule.resolve_labels_as.providers,
    resolveConsumersAs: rule.resolve_labels_as.consumers,
  })),
  denyRules: shown.deny_rules.map((rule) => ({
    ...sidesOf(rule),
    unscopedConsumers: rule.unscoped_consumers,
    override: rule.override,
  })),
});

const virtualServiceOf = (shown: VirtualServiceShown): PolicyObjects['virtual_services'][number] => ({
  id: idOf(shown),
  name: '',
  description: '',
  applyTo: 'host_only',
  labels: shown.labels.map(idOf),
  service: shown.service ? idOf(shown.service) : null,
  ports: (shown.service_ports ?? []).map(portsOf),
  addresses: shown.service_addresses.map(({ ip, fqdn, port }) => ({
    ...(ip !== undefined && { ip }),
    ...(fqdn !== undefined && { fqdn }),
    ...(port !== undefined && { port }),
  })),
  overrides: [...shown.ip_overrides],
});

const MOST = 'max_results=100000';
const active = <T>(type: string): Promise<T[]> => api.get<T[]>(`/sec_policy/active/${type}?${MOST}`);
const NAMED = { name: '', description: '' };

export async function objectsInForce(): Promise<PolicyObjects> {
  const lists = await active<Ref & { ip_ranges: { from_ip: string; to_ip?: string; exclusion: boolean }[] }>(
    'ip_lists',
  );
  const services = await active<Ref & { service_ports?: PortShown[] }>('services');
  const groups = await active<Ref & { key: string; labels: Ref[]; sub_groups: Ref[] }>('label_groups');
  const bindings = await api.get<
    (Ref & {
      virtual_service: Ref;
      workload: Ref;
      port_overrides: { proto: number; port: number; new_port: number; new_to_port?: number }[];
    })[]
  >(`/service_bindings?${MOST}`);
  return {
    version: 0,
    ip_lists: lists.map((list) => ({
      id: idOf(list),
      ...NAMED,
      ranges: list.ip_ranges.map(({ from_ip: from, to_ip: to = null, exclusion }) => ({
        from,
        to,
        exclusion,
        description: '',
      })),
      fqdns: [],
    })),
    services: services.map((one) => ({
      id: idOf(one),
      ...NAMED,
      ports: (one.service_ports ?? []).map(portsOf),
    })),
    label_groups: groups.map((one) => ({
      id: idOf(one),
      ...NAMED,
      key: one.key,
      labels: one.labels.map(idOf),
      subGroups: one.sub_groups.map(idOf),
    })),
    rule_sets: (await active<RuleSetShown>('rule_sets')).map(ruleSetOf),
    enforcement_boundaries: (await active<SidesShown>('enforcement_boundaries')).map((one) => ({
      ...sidesOf(one),
      name: '',
    })),
    virtual_services: (await active<VirtualServiceShown>('virtual_services')).map(virtualServiceOf),
    service_bindings: bindings.map((one) => ({
      id: idOf(one),
      virtualService: idOf(one.virtual_service),
      workload: idOf(one.workload),
      portOverrides: one.port_overrides.map(
        ({ proto, port, new_port: newFrom, new_to_port: newTo = null }) => ({
          proto,
          from: port,
          newFrom,
          newTo,
        }),
      ),
    })),
  };
}

export async function catalogueShown(): Promise<{
  types: string[];
  labels: { id: string; key: string; value: string }[];
}> {
  const labels = await api.get<(Ref & { key: string; value: string })[]>(`/labels?${MOST}`);
  const types = await api.get<{ key: string }[]>(`/label_dimensions?${MOST}`);
  return {
    types: types.map(({ key }) => key),
    labels: labels.map((one) => ({ id: idOf(one), key: one.key, value: one.value })),
  };
}
