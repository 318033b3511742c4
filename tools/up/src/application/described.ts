/** What a set of manifests describes: workloads with the Pods that they make, Services, and who is behind whom. Pure. */
import { matchesSelector } from '@ringfence/sandbox';
import type { LabelSelector, Pod, Service } from '@ringfence/sandbox';
import type { Manifest } from './manifests.js';

export interface DescribedWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** One of its Pods, as far as the manifest says. */
  readonly pod: Pod;
}
export interface Call {
  /** `namespace/name` of a workload. */
  readonly from: string;
  /** `namespace/name` of a Service. */
  readonly to: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}
interface Template {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Pod['spec'];
}
interface WithTemplates {
  template?: Template;
  jobTemplate?: { spec?: { template?: Template } };
}

export const keyOf = ({ namespace, name }: { namespace: string; name: string }): string =>
  `${namespace}/${name}`;
export const namespaceOf = (manifest: Manifest): string => manifest.metadata.namespace ?? 'default';

export function describedWorkload(manifest: Manifest): DescribedWorkload | undefined {
  const template = templateOf(manifest);
  const { name } = manifest.metadata;
  if (template?.spec?.containers === undefined || name === undefined) return undefined;
  const namespace = namespaceOf(manifest);
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const pod = { metadata: { name, namespace, uid: name, labels, annotations }, spec: template.spec };
  return { namespace, name, labels, pod };
}

export function describedWorkloads(manifests: readonly Manifest[]): DescribedWorkload[] {
  return manifests.flatMap((manifest) => describedWorkload(manifest) ?? []);
}

function templateOf(manifest: Manifest): Template | undefined {
  if (manifest.kind === 'Pod') return manifest as unknown as Template;
  const spec = manifest.spec as WithTemplates | undefined;
  return manifest.kind === 'CronJob' ? spec?.jobTemplate?.spec?.template : spec?.template;
}

/** The metadata whose annotations its Pods, or a Service itself, carry; of a workload or Service only. */
export function annotationHolder(manifest: Manifest): { annotations?: Record<string, string> } {
  const { kind, metadata, spec } = manifest;
  if (kind === 'Service' || kind === 'Pod') return metadata;
  const template = kind === 'CronJob' ? spec?.jobTemplate?.spec?.template : spec?.template;
  return (template!.metadata ??= {});
}

export function describedServices(manifests: readonly Manifest[]): Service[] {
  return manifests
    .filter(({ kind, metadata }) => kind === 'Service' && metadata.name !== undefined)
    .map((manifest) => ({
      metadata: { name: manifest.metadata.name ?? '', namespace: namespaceOf(manifest), uid: '' },
      spec: (manifest.spec ?? {}) as Service['spec'],
    }));
}

/** A Service without a selector has nobody behind it that the manifests know. */
export function isBehind(workload: DescribedWorkload, { metadata, spec }: Service): boolean {
  const { selector = {} } = spec;
  if (Object.keys(selector).length === 0 || metadata.namespace !== workload.namespace) return false;
  return matchesSelector(workload.labels, { matchLabels: selector });
}

export const isSelected = (workload: DescribedWorkload, selector: LabelSelector): boolean =>
  matchesSelector(workload.labels, selector);
