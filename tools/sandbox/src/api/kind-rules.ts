/** Per kind: which defaults complete an object, and what makes it or a change to it unacceptable. Kinds without a row have none. */
import { customDefinitionCauses, defaultCustomDefinition } from './custom-definitions.js';
import { ensureObject, isEqual, jsonOf, listAt, valueAt } from './json.js';
import type { JsonObject } from './json.js';
import type { KubeObject } from './kube-object.js';
import { defaultPod, setMissing } from './pod-defaults.js';
import type { ResourceDefinition } from './resource-definition.js';
import type { StatusCause } from './status-error.js';
import { defaultWebhooks, webhookCauses } from './webhook-rules.js';
import {
  defaultCronJob,
  defaultWorkload,
  podSpecCauses,
  podUpdateCauses,
  workloadCauses,
  workloadUpdateCauses,
} from './workload-rules.js';

export interface KindRules {
  /** Completes a draft in place; has to be idempotent, it runs again after admission and on every update. */
  readonly complete?: (draft: KubeObject) => void;
  readonly causes?: (object: KubeObject) => StatusCause[];
  readonly updateCauses?: (next: KubeObject, current: KubeObject) => StatusCause[];
}

const webhooks: KindRules = { complete: defaultWebhooks, causes: webhookCauses };
const workload: KindRules = {
  complete: defaultWorkload,
  causes: workloadCauses,
  updateCauses: workloadUpdateCauses,
};

const rulesByKind: Readonly<Record<string, KindRules>> = {
  Pod: {
    complete: defaultPod,
    causes: (pod) => podSpecCauses(pod.spec, 'spec'),
    updateCauses: podUpdateCauses,
  },
  Namespace: { complete: defaultNamespace },
  Node: { complete: defaultNode },
  Service: { complete: defaultService, causes: serviceCauses },
  Secret: { complete: encodeSecret },
  Endpoints: { complete: defaultEndpoints },
  PersistentVolumeClaim: { complete: (claim) => setMissing(statusOf(claim), { phase: 'Pending' }) },
  PersistentVolume: { complete: (volume) => setMissing(statusOf(volume), { phase: 'Available' }) },
  Deployment: workload,
  ReplicaSet: workload,
  ReplicationController: workload,
  DaemonSet: workload,
  StatefulSet: workload,
  Job: { complete: defaultWorkload, causes: workloadCauses },
  CronJob: { complete: defaultCronJob },
  MutatingWebhookConfiguration: webhooks,
  ValidatingWebhookConfiguration: webhooks,
  CustomResourceDefinition: { complete: defaultCustomDefinition, causes: customDefinitionCauses },
};

const none: KindRules = {};

/** A custom kind may bear the name of a built-in one (`Service`, `Job`); its rules are not meant. */
export function rulesOf({ kind, isCustom }: Pick<ResourceDefinition, 'kind' | 'isCustom'>): KindRules {
  return isCustom ? none : (rulesByKind[kind] ?? none);
}

function statusOf(object: KubeObject): JsonObject {
  return ensureObject(jsonOf(object), 'status');
}

function defaultNamespace(namespace: KubeObject): void {
  namespace.metadata.labels = {
    ...namespace.metadata.labels,
    'kubernetes.io/metadata.name': namespace.metadata.name,
  };
  setMissing(ensureObject(jsonOf(namespace), 'spec'), { finalizers: ['kubernetes'] });
  setMissing(statusOf(namespace), { phase: 'Active' });
}

function defaultNode(node: KubeObject): void {
  ensureObject(jsonOf(node), 'spec');
  const labels = {
    'kubernetes.io/hostname': node.metadata.name,
    'kubernetes.io/os': 'linux',
    ...node.metadata.labels,
  };
  node.metadata.labels = labels;
}

function defaultService(service: KubeObject): void {
  const spec = ensureObject(jsonOf(service), 'spec');
  setMissing(spec, { type: 'ClusterIP', sessionAffinity: 'None' });
  for (const port of listAt(spec, 'ports')) {
    setMissing(port, { protocol: 'TCP' });
    if (port['targetPort'] === undefined || port['targetPort'] === 0) port['targetPort'] = port['port'] ?? 0;
  }
  if (spec['type'] !== 'ClusterIP') setMissing(spec, { externalTrafficPolicy: 'Cluster' });
  setMissing(statusOf(service), { loadBalancer: {} });
}

function serviceCauses(service: KubeObject): StatusCause[] {
  const ports = listAt(service, 'spec.ports');
  const isHeadless = valueAt(service, 'spec.clusterIP') === 'None';
  if (ports.length === 0 && !isHeadless && valueAt(service, 'spec.type') !== 'ExternalName') {
    return [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.ports' }];
  }
  return ports.flatMap((port, index) => servicePortCauses(ports, port, index));
}

function servicePortCauses(ports: JsonObject[], port: JsonObject, index: number): StatusCause[] {
  const field = `spec.ports[${index}]`;
  const number = port['port'];
  if (typeof number !== 'number' || number < 1 || number > 65_535) {
    const message = `Invalid value: ${String(number)}: must be between 1 and 65535, inclusive`;
    return [{ reason: 'FieldValueInvalid', message, field: `${field}.port` }];
  }
  if (ports.length > 1 && !port['name'])
    return [{ reason: 'FieldValueRequired', message: 'Required value', field: `${field}.name` }];
  const isRepeated = ports.findIndex((other) => other['name'] === port['name']) !== index;
  return isRepeated
    ? [
        {
          reason: 'FieldValueDuplicate',
          message: `Duplicate value: "${String(port['name'])}"`,
          field: `${field}.name`,
        },
      ]
    : [];
}

/** `stringData` is write-only: it is folded into `data` and never read back. */
function encodeSecret(secret: KubeObject): void {
  const fields = jsonOf(secret);
  setMissing(fields, { type: 'Opaque' });
  const plain = fields['stringData'];
  if (plain === undefined) return;
  const data = ensureObject(fields, 'data');
  for (const [key, value] of Object.entries(plain as JsonObject))
    data[key] = Buffer.from(String(value)).toString('base64');
  delete fields['stringData'];
}

function defaultEndpoints(endpoints: KubeObject): void {
  for (const subset of listAt(endpoints, 'subsets')) {
    for (const port of listAt(subset, 'ports')) setMissing(port, { protocol: 'TCP' });
  }
}

/** Whether anything but metadata and status differs: that is what a generation counts. */
export function isSpecificationEqual(left: KubeObject, right: KubeObject): boolean {
  const { metadata: leftMetadata, status: leftStatus, ...leftRest } = left;
  const { metadata: rightMetadata, status: rightStatus, ...rightRest } = right;
  void [leftMetadata, leftStatus, rightMetadata, rightStatus];
  return isEqual(leftRest, rightRest);
}
