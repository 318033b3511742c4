/** REST bodies of rule sets as NetworkPolicies of Kubernetes, for clusters without our agents. */
import { z } from 'zod';
import { Text } from '../text.js';
import { Href, Reference } from './href.js';

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

const exportedNamespace = z.strictObject({
  name: Text.regex(NAMESPACE, 'is no name of a namespace'),
  /** That all of its Pods have. */
  labels: z.array(Reference).max(64).default([]),
});

export const NetworkPolicyExport = z.strictObject({
  /** Absent: all. */
  rule_sets: z.array(Reference).max(1_000).optional(),
  /** Where they are to be in force. */
  namespaces: z.array(exportedNamespace).min(1).max(1_000),
  /** By label type the label of Kubernetes by which Pods carry it, with the same value. */
  pod_labels: z
    .record(Text.min(1).max(255), Text.regex(LABEL_KEY, 'is no key of a label of Kubernetes'))
    .default({}),
  /** Whether everybody may ask the cluster’s DNS, as in full mode. */
  dns: z.boolean().default(true),
});
export type NetworkPolicyExport = z.infer<typeof NetworkPolicyExport>;

const notSaid = z.object({
  rule_set: z.object({ href: Href, name: Text }),
  /** null: the rule set as a whole. */
  rule: Reference.nullable(),
  token: Text,
  message: Text,
});
export const ExportedNetworkPolicies = z.object({
  /** Manifests, as `kubectl apply` takes them. */
  network_policies: z.array(z.looseObject({})),
  /** What of the rules is not in them, and so is closed. */
  not_said: z.array(notSaid),
});
export type ExportedNetworkPolicies = z.infer<typeof ExportedNetworkPolicies>;
