/**
 * The manifests of `--manifest`, read and checked before anything is started: every mistake at once, each with its line
 * and what to do. What only the cluster can know (a custom resource that nobody defines) is its to refuse.
 */
import { objectFaults } from '@ringfence/sandbox';
import { UsageError } from '../command-line.js';
import { KnownKinds } from './known-kinds.js';
import { documentsOf } from './manifest-documents.js';
import { manifestTexts } from './manifest-sources.js';
import type { ManifestText } from './manifest-sources.js';
import type { LocatedManifest } from './manifests.js';
import type { RenderingOptions } from './rendering/rendered-texts.js';

export interface ReadingOptions extends RenderingOptions {
  /** As kubectl's -n: where objects go that name no namespace, and what others may not contradict; a chart's may. */
  readonly namespace?: string | undefined;
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const MOST_MISTAKES_SHOWN = 20;

export function readApplication(named: readonly string[], options: ReadingOptions): LocatedManifest[] {
  if (options.namespace !== undefined && !NAMESPACE.test(options.namespace))
    throw new UsageError(`--namespace: "${options.namespace}" can be no namespace's name`);
  const texts = named.flatMap((argument) => manifestTexts(argument, options));
  refuseUnused(texts, options);
  const read = texts.map(documentsOf);
  const objects = read.flatMap((file) => file.objects);
  const kinds = new KnownKinds(objects.map(({ manifest }) => manifest));
  const mistakes = [
    ...read.flatMap((file) => file.mistakes),
    ...objects.flatMap((object) => [...mistakesOf(object, kinds, options.namespace), ...faultsOf(object)]),
  ];
  if (mistakes.length > 0) throw new UsageError(mistakesText(mistakes));
  if (objects.length === 0) throw new UsageError(`${named.join(', ')}: no Kubernetes object in there`);
  return objects.map((object) => inNamespace(object, kinds, options.namespace));
}

function refuseUnused(texts: readonly ManifestText[], { values = [], set = [] }: ReadingOptions): void {
  if (values.length + set.length > 0 && !texts.some(({ renderedBy }) => renderedBy === 'helm'))
    throw new UsageError('--values and --set are for Helm charts, and no chart is among the manifests');
}

function mistakesOf(located: LocatedManifest, kinds: KnownKinds, asked?: string): string[] {
  const { manifest, place } = located;
  const known = kinds.find(manifest);
  const meant = known ? null : kinds.meantBy(manifest);
  if (meant) return [`${place} ${meant}`];
  return known?.namespaced === false ? [] : namespaceMistakes(located, asked);
}

function namespaceMistakes({ manifest, place, isOfChart }: LocatedManifest, asked?: string): string[] {
  const { namespace } = manifest.metadata;
  if (namespace === undefined || namespace === null) return [];
  if (!NAMESPACE.test(String(namespace)))
    return [`${place} "${namespace}" can be no namespace's name: lower-case letters, digits and '-'`];
  if (asked !== undefined && namespace !== asked && !isOfChart)
    return [
      `${place} is in the namespace ${namespace}, not in ${asked}: leave out --namespace, or the object's`,
    ];
  return [];
}

/** What any cluster would refuse, the sandbox's or another. */
function faultsOf({ manifest, place }: LocatedManifest): string[] {
  const { kind, metadata } = manifest;
  return objectFaults(manifest).map((fault) => `${place} ${kind} ${metadata.name ?? ''}: ${fault}`);
}

/** Each object says where it goes, as with kubectl; of a kind that nobody knows the cluster says whether it goes anywhere. */
function inNamespace(located: LocatedManifest, kinds: KnownKinds, asked?: string): LocatedManifest {
  const { manifest } = located;
  const known = kinds.find(manifest);
  const namespace = manifest.metadata.namespace ?? asked ?? (known?.namespaced ? 'default' : undefined);
  if (namespace === undefined || known?.namespaced === false) return located;
  return { ...located, manifest: { ...manifest, metadata: { ...manifest.metadata, namespace } } };
}

function mistakesText(mistakes: readonly string[]): string {
  const shown = mistakes.slice(0, MOST_MISTAKES_SHOWN);
  const more = mistakes.length - shown.length;
  return [
    `nothing was started: ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`} in the manifests`,
    ...shown,
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join('\n  ');
}
