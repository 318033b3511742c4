/** The few parts of Kubernetes objects that we read. Everything is optional: the API server's word is checked where it is used. */

export interface OwnerReference {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}
export interface Metadata {
  readonly uid: string;
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}
export interface KubeObject {
  readonly metadata: Metadata;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** Undefined when it is not an object of the API. Bookmarks have only a version. */
export function objectOf(value: unknown): KubeObject | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { metadata, ...rest } = value as { metadata?: Partial<Metadata> };
  if (typeof metadata?.resourceVersion !== 'string') return undefined;
  return {
    ...rest,
    metadata: {
      ...metadata,
      uid: metadata.uid ?? '',
      name: metadata.name ?? '',
      resourceVersion: metadata.resourceVersion,
    },
  };
}

export interface PodTemplate {
  readonly metadata?: Partial<Metadata>;
}
export interface ControllerSpec {
  readonly template?: PodTemplate;
  readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplate } };
}

export interface ProbeTarget {
  readonly httpGet?: { readonly port?: number | string; readonly host?: string };
  readonly tcpSocket?: { readonly port?: number | string; readonly host?: string };
  readonly grpc?: { readonly port?: number };
}
export interface Container {
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort?: number;
    readonly protocol?: string;
  }[];
  readonly livenessProbe?: ProbeTarget;
  readonly readinessProbe?: ProbeTarget;
  readonly startupProbe?: ProbeTarget;
  readonly lifecycle?: { readonly postStart?: ProbeTarget; readonly preStop?: ProbeTarget };
}
export interface PodSpec {
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly readinessGates?: readonly { readonly conditionType?: string }[];
}
export interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip?: string }[];
}

export interface NodeSpec {
  readonly podCIDR?: string;
  readonly podCIDRs?: readonly string[];
}
export interface NodeStatus {
  readonly addresses?: readonly { readonly type?: string; readonly address?: string }[];
  readonly nodeInfo?: { readonly machineID?: string; readonly containerRuntimeVersion?: string };
}

export interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalTrafficPolicy?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly {
    readonly name?: string;
    readonly protocol?: string;
    readonly port?: number;
    readonly targetPort?: number | string;
    readonly nodePort?: number;
  }[];
}
/** Beside `metadata`, not under `spec`. */
export interface EndpointSliceBody {
  readonly addressType?: string;
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string; readonly port?: number }[];
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly targetRef?: { readonly kind?: string; readonly uid?: string };
  }[];
}
