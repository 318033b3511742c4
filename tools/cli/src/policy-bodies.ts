/** Bodies of the API as far as documents have words for what is in them. */
import type { ExternalReference } from './policy-owner.js';
import type { PortWords } from './port-words.js';

type Body = Readonly<Record<string, unknown>>;
export interface Reference {
  readonly href?: string;
  readonly name?: string;
  readonly key?: string;
  readonly value?: string;
}
export interface ActorBody {
  readonly actors?: string;
  readonly exclusion?: boolean;
  readonly label?: Reference;
  readonly label_group?: Reference;
  readonly ip_list?: Reference;
  readonly workload?: Reference;
  readonly virtual_service?: Reference;
}
export interface RuleBody {
  readonly consumers: readonly ActorBody[];
  readonly providers: readonly ActorBody[];
  readonly ingress_services: readonly (Partial<PortWords> & Reference)[];
  readonly enabled?: boolean;
  readonly description?: string;
  readonly unscoped_consumers?: boolean;
  readonly override?: boolean;
  readonly network_type?: string;
  readonly log_flow?: boolean;
  readonly use_workload_subnets?: readonly string[];
  readonly resolve_labels_as?: {
    readonly providers: readonly string[];
    readonly consumers: readonly string[];
  };
  readonly update_type?: string | null;
}
interface NamedBody extends ExternalReference {
  readonly name: string;
  readonly description?: string;
}
export interface RuleSetBody extends NamedBody {
  readonly enabled?: boolean;
  readonly scopes: readonly (readonly ActorBody[])[];
  readonly rules: readonly RuleBody[];
  readonly deny_rules?: readonly RuleBody[];
  readonly ip_tables_rules?: readonly unknown[];
}
export type BoundaryBody = RuleBody & NamedBody;

export interface Described {
  readonly description?: string;
}
export interface IpListBody extends NamedBody {
  readonly ip_ranges: readonly (Described & {
    readonly from_ip: string;
    readonly to_ip?: string;
    readonly exclusion?: boolean;
  })[];
  readonly fqdns?: readonly (Described & { readonly fqdn: string })[];
}
export interface ServiceBody extends NamedBody {
  readonly description_url?: string;
  readonly process_name?: string;
  readonly service_ports?: readonly PortWords[];
}
export interface LabelGroupBody extends NamedBody {
  readonly key: string;
  readonly labels: readonly Reference[];
  readonly sub_groups: readonly Reference[];
}
export interface LabelTypeBody {
  readonly key: string;
  readonly display_name: string;
  readonly display_info?: Readonly<Record<string, string | number>>;
}
export interface VirtualServiceBody extends NamedBody {
  readonly href: string;
  readonly apply_to: string;
  readonly labels: readonly Reference[];
  readonly service?: Reference;
  readonly service_ports?: readonly PortWords[];
  readonly service_addresses: readonly Body[];
  readonly ip_overrides: readonly string[];
}
export interface BindingBody {
  readonly href: string;
  readonly virtual_service: { readonly href: string };
  readonly workload: Reference;
  readonly port_overrides: readonly {
    readonly port: number;
    readonly proto: number;
    readonly new_port: number;
    readonly new_to_port?: number;
  }[];
}
export interface FirewallBody extends Body {
  readonly firewall_coexistence: readonly {
    readonly scope: readonly { readonly href: string }[];
    readonly illumio_primary: boolean;
    readonly workload_mode?: string;
  }[];
}
