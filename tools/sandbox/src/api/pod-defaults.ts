/** Defaults of Pods and Pod templates that clients, controllers and nodes rely on being present. */
import { ensureObject, isEqual, isJsonObject, jsonOf, listAt } from './json.js';
import type { Json, JsonObject } from './json.js';
import type { KubeObject } from './kube-object.js';

export function setMissing(target: JsonObject, defaults: Record<string, Json>): void {
  for (const [key, value] of Object.entries(defaults)) if (target[key] === undefined) target[key] = value;
}

export function defaultPodSpec(spec: JsonObject): void {
  setMissing(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  for (const container of [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')])
    defaultContainer(container);
  for (const volume of listAt(spec, 'volumes')) defaultVolume(volume);
  if (typeof spec['serviceAccountName'] === 'string')
    setMissing(spec, { serviceAccount: spec['serviceAccountName'] });
}

function defaultContainer(container: JsonObject): void {
  setMissing(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: isMovingTag(String(container['image'] ?? '')) ? 'Always' : 'IfNotPresent',
    resources: {},
  });
  for (const port of listAt(container, 'ports')) setMissing(port, { protocol: 'TCP' });
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[field];
    if (isJsonObject(probe)) defaultProbe(probe);
  }
  for (const { valueFrom } of listAt(container, 'env')) {
    if (isJsonObject(valueFrom) && isJsonObject(valueFrom['fieldRef']))
      setMissing(valueFrom['fieldRef'], { apiVersion: 'v1' });
  }
}

function isMovingTag(image: string): boolean {
  return !image.includes('@') && (image.endsWith(':latest') || !/:[^/]+$/.test(image));
}

function defaultProbe(probe: JsonObject): void {
  setMissing(probe, { periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 });
  const { httpGet, grpc } = probe;
  if (isJsonObject(httpGet)) setMissing(httpGet, { path: '/', scheme: 'HTTP' });
  if (isJsonObject(grpc)) setMissing(grpc, { service: '' });
}

function defaultVolume(volume: JsonObject): void {
  for (const source of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    const value = volume[source];
    if (isJsonObject(value)) setMissing(value, { defaultMode: 420 });
  }
  if (Object.keys(volume).length === 1) volume['emptyDir'] = {};
}

/** Taints every node may carry for a while; without these tolerations a short hiccup of a node would evict its Pods. */
const briefTolerations: JsonObject[] = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

export function defaultPod(pod: KubeObject): void {
  const spec = ensureObject(jsonOf(pod), 'spec');
  setMissing(spec, {
    serviceAccountName: 'default',
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
  });
  defaultPodSpec(spec);
  const tolerations = listAt(spec, 'tolerations');
  const missing = briefTolerations.filter(
    (wanted) => !tolerations.some((present) => present['key'] === wanted['key']),
  );
  spec['tolerations'] = [...tolerations, ...missing];
  const status = ensureObject(jsonOf(pod), 'status');
  setMissing(status, { phase: 'Pending', qosClass: qosClassOf(spec) });
}

function qosClassOf(spec: JsonObject): string {
  const resources = [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')].map(
    ({ resources: value }) => value,
  );
  const asksNothing = (value: unknown): boolean => !isJsonObject(value) || Object.keys(value).length === 0;
  if (resources.every(asksNothing)) return 'BestEffort';
  const isGuaranteed = resources.every(
    (value) =>
      isJsonObject(value) &&
      isJsonObject(value['limits']) &&
      isEqual(value['limits'], value['requests'] ?? value['limits']),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}
