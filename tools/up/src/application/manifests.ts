/** Kubernetes manifests on their way into the cluster, and the additions that make an unknown application visible. */
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
}

export interface LocatedManifest {
  readonly manifest: Manifest;
  /** `file:line`, for people. */
  readonly place: string;
  /** Rendered from a Helm chart, whose objects may be hooks. */
  readonly isOfChart?: boolean;
}

/** What a server writes into an object. A file that was exported from another cluster has it. */
const SERVERS_OWN = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'selfLink',
];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** All annotations of an object together may have 256 KiB. */
const LARGEST_LAST_APPLIED = 200_000;

/** Every namespace that is described or named. */
export function namespacesOf(manifests: readonly Manifest[]): string[] {
  const names = manifests.map(({ kind, metadata }) =>
    kind === 'Namespace' ? metadata.name : metadata.namespace,
  );
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Those that the manifests describe, as described, and those that they only name, where they first do. */
export function namespaceManifests(objects: readonly LocatedManifest[]): LocatedManifest[] {
  return namespacesOf(objects.map(({ manifest }) => manifest)).map((name) => {
    const manifest: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    const described = objects.find(
      (object) => object.manifest.kind === 'Namespace' && object.manifest.metadata.name === name,
    );
    const first = objects.find((object) => object.manifest.metadata.namespace === name);
    return described ?? { manifest, place: first?.place ?? '' };
  });
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

/** As a cluster takes it, which knows no object of that identity. */
export function withoutServersOwn(manifest: Manifest): Manifest {
  const kept = Object.entries(manifest.metadata).filter(([field]) => !SERVERS_OWN.includes(field));
  return { ...manifest, metadata: Object.fromEntries(kept) };
}
