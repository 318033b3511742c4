/** Defaults and validation of the kinds that make Pods. */
import { ensureObject, isEqual, isJsonObject, jsonOf, listAt, valueAt } from './json.js';
import type { Json, JsonObject } from './json.js';
import type { KubeObject, LabelSelector } from './kube-object.js';
import { defaultPodSpec, setMissing } from './pod-defaults.js';
import { matchesSelector } from './selector.js';
import type { StatusCause } from './status-error.js';

const strategies: Record<string, Record<string, Json>> = {
  Deployment: { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
  ReplicaSet: { replicas: 1 },
  ReplicationController: { replicas: 1 },
  DaemonSet: { revisionHistoryLimit: 10 },
  StatefulSet: { replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady' },
  Job: { backoffLimit: 6, completionMode: 'NonIndexed', suspend: false },
};

export function defaultWorkload(object: KubeObject): void {
  const spec = ensureObject(jsonOf(object), 'spec');
  setMissing(spec, strategies[object.kind] ?? {});
  const template = ensureObject(spec, 'template');
  ensureObject(template, 'metadata');
  defaultPodSpec(ensureObject(template, 'spec'));
  if (object.kind === 'Deployment') defaultRollout(ensureObject(spec, 'strategy'));
  if (object.kind === 'DaemonSet') defaultNodeRollout(ensureObject(spec, 'updateStrategy'));
  if (object.kind === 'StatefulSet') defaultOrderedRollout(spec);
  if (object.kind === 'ReplicationController') defaultControllerSelector(object, spec);
  if (object.kind === 'Job') defaultJob(object, spec);
}

function defaultRollout(strategy: JsonObject): void {
  setMissing(strategy, { type: 'RollingUpdate' });
  if (strategy['type'] !== 'RollingUpdate') return;
  setMissing(ensureObject(strategy, 'rollingUpdate'), { maxSurge: '25%', maxUnavailable: '25%' });
}

function defaultNodeRollout(strategy: JsonObject): void {
  setMissing(strategy, { type: 'RollingUpdate' });
  if (strategy['type'] === 'RollingUpdate')
    setMissing(ensureObject(strategy, 'rollingUpdate'), { maxSurge: 0, maxUnavailable: 1 });
}

function defaultOrderedRollout(spec: JsonObject): void {
  const strategy = ensureObject(spec, 'updateStrategy');
  setMissing(strategy, { type: 'RollingUpdate' });
  if (strategy['type'] === 'RollingUpdate')
    setMissing(ensureObject(strategy, 'rollingUpdate'), { partition: 0 });
  for (const claim of listAt(spec, 'volumeClaimTemplates')) {
    setMissing(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', status: { phase: 'Pending' } });
    setMissing(ensureObject(claim, 'spec'), { volumeMode: 'Filesystem' });
  }
}

function defaultControllerSelector(object: KubeObject, spec: JsonObject): void {
  const labels = valueAt(spec, 'template.metadata.labels');
  if (isJsonObject(labels)) setMissing(spec, { selector: { ...labels } });
  if (isJsonObject(labels) && object.metadata.labels === undefined)
    object.metadata.labels = { ...labels } as Record<string, string>;
}

/** A Job selects its Pods by its own uid, so that two Jobs of one template never share Pods. */
function defaultJob(job: KubeObject, spec: JsonObject): void {
  if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1;
  setMissing(spec, { parallelism: 1 });
  if (job.metadata.uid === undefined || spec['manualSelector'] === true || spec['selector'] !== undefined)
    return;
  const identity = { 'batch.kubernetes.io/controller-uid': job.metadata.uid };
  const names = { 'batch.kubernetes.io/job-name': job.metadata.name, 'job-name': job.metadata.name };
  const metadata = ensureObject(ensureObject(spec, 'template'), 'metadata');
  setMissing(ensureObject(metadata, 'labels'), { ...identity, 'controller-uid': job.metadata.uid, ...names });
  spec['selector'] = { matchLabels: identity };
}

export function defaultCronJob(cronJob: KubeObject): void {
  const spec = ensureObject(jsonOf(cronJob), 'spec');
  setMissing(spec, {
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  });
  const template = ensureObject(ensureObject(spec, 'jobTemplate'), 'spec');
  defaultPodSpec(ensureObject(ensureObject(template, 'template'), 'spec'));
}

export function workloadCauses(object: KubeObject): StatusCause[] {
  const template = valueAt(object, 'spec.template');
  const causes = podSpecCauses(valueAt(template, 'spec'), 'spec.template.spec');
  if (object.kind === 'Job' || object.kind === 'ReplicationController') return causes;
  const selector = valueAt(object, 'spec.selector');
  if (!isJsonObject(selector) || Object.keys(selector).length === 0) {
    return [...causes, { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.selector' }];
  }
  const labels = valueAt(template, 'metadata.labels') as Record<string, string> | undefined;
  if (matchesSelector(labels, selector as LabelSelector)) return causes;
  const message = `Invalid value: ${JSON.stringify(labels ?? {})}: \`selector\` does not match template \`labels\``;
  return [...causes, { reason: 'FieldValueInvalid', message, field: 'spec.template.metadata.labels' }];
}

export function podSpecCauses(spec: unknown, field: string): StatusCause[] {
  const containers = listAt(spec, 'containers');
  if (containers.length === 0)
    return [{ reason: 'FieldValueRequired', message: 'Required value', field: `${field}.containers` }];
  const names = [...containers, ...listAt(spec, 'initContainers')].map((container) => container['name']);
  const causes: StatusCause[] = [];
  names.forEach((name, index) => {
    if (typeof name !== 'string' || name === '') {
      causes.push({
        reason: 'FieldValueRequired',
        message: 'Required value',
        field: `${field}.containers[${index}].name`,
      });
    } else if (names.indexOf(name) !== index) {
      causes.push({
        reason: 'FieldValueDuplicate',
        message: `Duplicate value: "${name}"`,
        field: `${field}.containers[${index}].name`,
      });
    }
  });
  return causes;
}

export function workloadUpdateCauses(next: KubeObject, current: KubeObject): StatusCause[] {
  if (next.kind === 'ReplicationController') return [];
  if (isEqual(valueAt(next, 'spec.selector'), valueAt(current, 'spec.selector'))) return [];
  return [
    { reason: 'FieldValueInvalid', message: 'Invalid value: field is immutable', field: 'spec.selector' },
  ];
}

/** Of a running Pod only images and a few limits may change; where it runs is decided by a binding, once. */
export function podUpdateCauses(next: KubeObject, current: KubeObject): StatusCause[] {
  if (isEqual(fixedPart(next), fixedPart(current))) return [];
  const message =
    'Forbidden: pod updates may not change fields other than container images, tolerations and deadlines';
  return [{ reason: 'FieldValueForbidden', message, field: 'spec' }];
}

function fixedPart(pod: KubeObject): JsonObject {
  const { tolerations, activeDeadlineSeconds, terminationGracePeriodSeconds, ephemeralContainers, ...fixed } =
    {
      ...(pod.spec as JsonObject),
    };
  void [tolerations, activeDeadlineSeconds, terminationGracePeriodSeconds, ephemeralContainers];
  const withoutImages = (field: string): JsonObject[] =>
    listAt(fixed, field).map((container) => ({ ...container, image: '', imagePullPolicy: '' }));
  return {
    ...fixed,
    containers: withoutImages('containers'),
    initContainers: withoutImages('initContainers'),
  };
}
