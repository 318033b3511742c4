/** A NetworkPolicy as its manifest, as far as it is written here. */
export interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}
export interface Selecting {
  readonly matchExpressions?: readonly Requirement[];
}
export interface PeerManifest {
  readonly namespaceSelector?: Selecting;
  readonly podSelector?: Selecting;
  readonly ipBlock?: { readonly cidr: string };
}
export interface PortManifest {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port?: number;
  readonly endPort?: number;
}
export interface RuleManifest {
  readonly ports?: readonly PortManifest[];
  readonly from?: readonly PeerManifest[];
  readonly to?: readonly PeerManifest[];
}
export interface NetworkPolicyManifest {
  readonly apiVersion: 'networking.k8s.io/v1';
  readonly kind: 'NetworkPolicy';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly podSelector: Selecting;
    readonly policyTypes: readonly ('Ingress' | 'Egress')[];
    readonly ingress?: readonly RuleManifest[];
    readonly egress?: readonly RuleManifest[];
  };
}

/** None: everything matches. */
export const selecting = (requirements: readonly Requirement[]): Selecting =>
  requirements.length === 0 ? {} : { matchExpressions: requirements };

/** Set by the API server on every namespace, and nobody can change it. */
const NAME_OF_NAMESPACE = 'kubernetes.io/metadata.name';
export const namespacesCalled = (names: readonly string[]): Selecting =>
  selecting([{ key: NAME_OF_NAMESPACE, operator: 'In', values: names }]);

/** The cluster's DNS, as the installers of Kubernetes label it: in full mode of ours everybody may ask it. */
export const ASKING_DNS: RuleManifest = {
  to: [
    {
      namespaceSelector: namespacesCalled(['kube-system']),
      podSelector: selecting([{ key: 'k8s-app', operator: 'In', values: ['kube-dns'] }]),
    },
  ],
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
};
