/**
 * A NetworkPolicy of Kubernetes in normal form: every default applied, empty and absent told apart where they differ. Who reads it
 * needs no knowledge of manifests; what a manifest may hold and how it is read is `libs/cluster-facts`' matter.
 */
import { z } from 'zod';
import { Cidr, Port, Protocol } from './network.js';
import { Text } from './text.js';

/** `NotIn` and `DoesNotExist` hold for what has no such label. */
export const LabelRequirement = z.object({
  key: Text.max(317),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  /** Of `In` and `NotIn`: sorted, each once. */
  values: z.array(Text.max(63)),
});
export type LabelRequirement = z.infer<typeof LabelRequirement>;
/** All of them; none: everything matches. */
export const LabelSelector = z.array(LabelRequirement);
export type LabelSelector = z.infer<typeof LabelSelector>;

export const NetworkPolicyPeer = z.discriminatedUnion('kind', [
  /** Pods of these namespaces that match; `namespaces` null: of the policy's own. */
  z.object({ kind: z.literal('pods'), namespaces: LabelSelector.nullable(), pods: LabelSelector }),
  z.object({ kind: z.literal('addresses'), cidr: Cidr, except: z.array(Cidr) }),
]);
export type NetworkPolicyPeer = z.infer<typeof NetworkPolicyPeer>;

/** `from`, `to`: both ends inclusive; `name`: as the Pod that is connected to declares it; neither: all ports of the protocol. */
export const NetworkPolicyPort = z.object({
  proto: Protocol,
  from: Port.optional(),
  to: Port.optional(),
  name: Text.max(15).optional(),
});
export type NetworkPolicyPort = z.infer<typeof NetworkPolicyPort>;

export const NetworkPolicyRule = z.object({
  /** null: everybody; never empty. */
  peers: z.array(NetworkPolicyPeer).nullable(),
  /** null: every protocol and port; never empty. */
  ports: z.array(NetworkPolicyPort).nullable(),
});
export type NetworkPolicyRule = z.infer<typeof NetworkPolicyRule>;

export const RefusedField = z.object({
  /** As `spec.ingress[0].from[1].ipBlock.cidr`. */
  field: Text.max(300),
  token: Text.max(64),
  message: Text.max(500),
});
export type RefusedField = z.infer<typeof RefusedField>;

/** One of them, as clas-cache tells the control plane. */
export const RefusedNetworkPolicy = z.object({
  namespace: Text.max(253),
  name: Text.max(253),
  ...RefusedField.shape,
  /** Where whom it may mean is closed as long as nobody mends it. */
  closed: z.array(z.enum(['ingress', 'egress'])).max(2),
});

export const NetworkPolicyForm = z.object({
  namespace: Text.max(253),
  name: Text.max(253),
  /** Which Pods of its namespace it is about. */
  pods: LabelSelector,
  /** What is let in, and nothing else; null: it says nothing of that direction. No rule: nothing is let in. */
  ingress: z.array(NetworkPolicyRule).nullable(),
  egress: z.array(NetworkPolicyRule).nullable(),
  /** It could not be read: it isolates whom it may mean, and allows nothing. */
  refused: RefusedField.optional(),
});
export type NetworkPolicyForm = z.infer<typeof NetworkPolicyForm>;
