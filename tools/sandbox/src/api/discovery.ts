/** Discovery: which groups, versions and kinds are served, in the old form (one document a group) and the aggregated one. */
import { apiVersionOf } from './resource-definition.js';
import type { ResourceCatalog } from './resource-catalog.js';
import type { ResourceDefinition } from './resource-definition.js';
import { pathNotFound } from './status-error.js';

const subresourceKinds: Readonly<
  Record<string, { group: string; version: string; kind: string; verbs: string[] }>
> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  binding: { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  exec: { group: '', version: 'v1', kind: 'PodExecOptions', verbs: ['create', 'get'] },
  attach: { group: '', version: 'v1', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  portforward: { group: '', version: 'v1', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
};

export interface DiscoveryAnswer {
  body: unknown;
  type: string;
}

/** Answers `/api`, `/apis` and below; throws 404 for groups that are not served. */
export function discoveryFor(catalog: ResourceCatalog, path: string, accept: string): DiscoveryAnswer {
  const [root, group, version, ...surplus] = path.split('/').filter((part) => part !== '');
  if (surplus.length > 0) throw pathNotFound();
  const plain = (body: unknown): DiscoveryAnswer => ({ body, type: 'application/json' });
  if (group === undefined)
    return aggregatedFor(catalog, root as string, accept) ?? plain(rootDocument(catalog, root as string));
  if (root === 'api') {
    if (version !== undefined) throw pathNotFound();
    return plain(resourceList(catalog, group));
  }
  return plain(
    version === undefined ? groupDocument(catalog, group) : resourceList(catalog, `${group}/${version}`),
  );
}

function aggregatedFor(catalog: ResourceCatalog, root: string, accept: string): DiscoveryAnswer | undefined {
  const asked = /g=apidiscovery\.k8s\.io;v=(v2beta1|v2);as=APIGroupDiscoveryList/.exec(accept)?.[1];
  if (asked === undefined) return undefined;
  const groups = root === 'api' ? [''] : groupNames(catalog);
  const items = groups.map((group) => ({
    metadata: { name: group, creationTimestamp: null },
    versions: versionsOf(catalog, group).map((version) => ({
      version,
      freshness: 'Current',
      resources: catalog.inGroupVersion(apiVersionOf({ group, version })).map(aggregatedResource),
    })),
  }));
  const body = {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${asked}`,
    metadata: {},
    items,
  };
  return { body, type: `application/json;g=apidiscovery.k8s.io;v=${asked};as=APIGroupDiscoveryList` };
}

function aggregatedResource(definition: ResourceDefinition): unknown {
  const { group, version, kind } = definition;
  return {
    resource: definition.plural,
    responseKind: { group, version, kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: definition.verbs,
    ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
    subresources: definition.subresources.map((subresource) => {
      const { verbs, ...responseKind } = subresourceKinds[subresource] ?? {
        group,
        version,
        kind,
        verbs: ['get', 'patch', 'update'],
      };
      return { subresource, responseKind, verbs };
    }),
  };
}

function rootDocument(catalog: ResourceCatalog, root: string): unknown {
  if (root === 'api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groupNames(catalog).map((group) => groupOf(catalog, group)),
  };
}

function groupNames(catalog: ResourceCatalog): string[] {
  return [...new Set(catalog.groupVersions().map(({ group }) => group))].filter((group) => group !== '');
}

function versionsOf(catalog: ResourceCatalog, group: string): string[] {
  return catalog
    .groupVersions()
    .filter((served) => served.group === group)
    .map(({ version }) => version);
}

function groupOf(catalog: ResourceCatalog, group: string): Record<string, unknown> {
  const versions = versionsOf(catalog, group).map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function groupDocument(catalog: ResourceCatalog, group: string): unknown {
  if (!groupNames(catalog).includes(group)) throw pathNotFound();
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(catalog, group) };
}

function resourceList(catalog: ResourceCatalog, groupVersion: string): unknown {
  const definitions = catalog.inGroupVersion(groupVersion);
  if (definitions.length === 0) throw pathNotFound();
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: definitions.flatMap(resourceEntries),
  };
}

function resourceEntries(definition: ResourceDefinition): unknown[] {
  const { plural, singular, namespaced, kind, shortNames, categories } = definition;
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: definition.verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  };
  const parts = definition.subresources.map((subresource) => {
    const { verbs, ...answer } = subresourceKinds[subresource] ?? { kind, verbs: ['get', 'patch', 'update'] };
    return { name: `${plural}/${subresource}`, singularName: '', namespaced, ...answer, verbs };
  });
  return [main, ...parts];
}
