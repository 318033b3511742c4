/**
 * Kubernetes manifests on their way into the cluster: reading, the additions that make an unknown application
 * visible (decision: `--manifest`), and server-side apply.
 */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

interface Metadata {
  name?: string;
  generateName?: string;
  namespace?: string;
  annotations?: Record<string, string>;
}
interface WithTemplate {
  template?: { metadata?: Metadata };
}
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec?: WithTemplate & { jobTemplate?: { spec?: WithTemplate } };
  items?: Manifest[];
}

const CLUSTER_SCOPED = new Set([
  'Namespace',
  'Node',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'PersistentVolume',
  'StorageClass',
  'PriorityClass',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
]);
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** All annotations of an object together may have 256 KiB. */
const LARGEST_LAST_APPLIED = 200_000;

export function readManifests(file: string): Manifest[] {
  const documents = parseAllDocuments(readFileSync(file, 'utf8'));
  const broken = documents.flatMap((document) => document.errors)[0];
  if (broken) throw new Error(`${file}: ${broken.message.split('\n')[0]}`);
  const objects = documents
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
  return objects.flatMap((object) => (object.kind === 'List' ? (object.items ?? []) : [object]));
}

export function namespacesOf(manifests: readonly Manifest[]): string[] {
  const names = manifests.map((m) =>
    m.kind === 'Namespace'
      ? m.metadata.name
      : CLUSTER_SCOPED.has(m.kind)
        ? undefined
        : (m.metadata.namespace ?? 'default'),
  );
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Those that the manifests describe, as described, and those that they only name. */
export function namespaceManifests(manifests: readonly Manifest[]): Manifest[] {
  return namespacesOf(manifests).map(
    (name) =>
      manifests.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === name) ?? {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      },
  );
}

/** With what `kubectl apply` compares a changed file, to take away what the file no longer says: the user's words, not ours. */
export function withLastApplied(manifest: Manifest): Manifest {
  const text = JSON.stringify(manifest);
  const { metadata } = manifest;
  if (metadata.name === undefined || text.length > LARGEST_LAST_APPLIED) return manifest;
  return {
    ...manifest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [LAST_APPLIED]: text } },
  };
}
