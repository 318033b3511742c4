/**
 * A container's environment as a kubelet makes it: values, references to fields, config maps and secrets, `$(NAME)` expansion, and
 * the variables that name the cluster's Services. Pure: what is referred to is fetched beforehand.
 */
import type { ContainerSpec, EnvEntry, Pod, Service, SourceRef } from '../kube/kube-objects.js';

export interface EnvironmentSources {
  /** Keys "configmap/name" and "secret/name"; secrets decoded. */
  data: ReadonlyMap<string, Readonly<Record<string, string>>>;
  podAddress: string;
  hostAddress: string;
  services: readonly Service[];
}

export interface Environment {
  /** What the Pod itself says: the only part in which to look for things to call. */
  declared: Record<string, string>;
  /** What is added to every container of the cluster. */
  injected: Record<string, string>;
}

/** The Pod refers to something that does not exist and is not optional. */
export class MissingReference extends Error {}

export function containerEnvironment(
  pod: Pod,
  container: ContainerSpec,
  sources: EnvironmentSources,
): Environment {
  const injected = serviceVariables(pod, sources.services);
  const declared: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of Object.entries(sourceData(source, sources))) {
      declared[`${source.prefix ?? ''}${key}`] = value;
    }
  }
  for (const entry of container.env ?? []) {
    const value = entryValue(pod, entry, sources, { ...injected, ...declared });
    if (value !== undefined) declared[entry.name] = value;
  }
  return { declared, injected };
}

function sourceData(
  source: { configMapRef?: SourceRef; secretRef?: SourceRef },
  { data }: EnvironmentSources,
): Readonly<Record<string, string>> {
  const reference = source.configMapRef ?? source.secretRef;
  if (reference === undefined) return {};
  const kind = source.configMapRef === undefined ? 'secret' : 'configmap';
  const found = data.get(`${kind}/${reference.name}`);
  if (found === undefined && reference.optional !== true) throw notFound(kind, reference.name);
  return found ?? {};
}

export function expandReferences(text: string, variables: Readonly<Record<string, string>>): string {
  // "$$" is a dollar sign; a name that is not known stays as it is written.
  return text.replace(/\$\$|\$\(([^()]+)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$';
    return variables[name] ?? whole;
  });
}

function entryValue(
  pod: Pod,
  entry: EnvEntry,
  sources: EnvironmentSources,
  known: Record<string, string>,
): string | undefined {
  const from = entry.valueFrom;
  if (from === undefined) return expandReferences(entry.value ?? '', known);
  if (from.fieldRef !== undefined) return fieldValue(pod, from.fieldRef.fieldPath, sources);
  if (from.configMapKeyRef !== undefined) return keyValue('configmap', from.configMapKeyRef, pod, sources);
  if (from.secretKeyRef !== undefined) return keyValue('secret', from.secretKeyRef, pod, sources);
  return '0';
}

const kindWords = { configmap: 'ConfigMap', secret: 'Secret' } as const;
type SourceKind = keyof typeof kindWords;

function keyValue(
  kind: SourceKind,
  { name, key, optional }: SourceRef & { key: string },
  pod: Pod,
  { data }: EnvironmentSources,
): string | undefined {
  const found = data.get(`${kind}/${name}`);
  const value = found?.[key];
  if (value !== undefined || optional === true) return value;
  if (found === undefined) throw notFound(kind, name);
  throw new MissingReference(
    `couldn't find key ${key} in ${kindWords[kind]} ${pod.metadata.namespace}/${name}`,
  );
}

const notFound = (kind: SourceKind, name: string): MissingReference =>
  new MissingReference(`${kind} "${name}" not found`);

function fieldValue(pod: Pod, path: string, sources: EnvironmentSources): string {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed !== null) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  const fields: Record<string, string | undefined> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': pod.spec.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName,
    'status.podIP': sources.podAddress,
    'status.podIPs': sources.podAddress,
    'status.hostIP': sources.hostAddress,
    'status.hostIPs': sources.hostAddress,
  };
  return fields[path] ?? '';
}

/** `REDIS_SERVICE_HOST` and its like, for the Services that exist when the container starts. */
function serviceVariables(pod: Pod, services: readonly Service[]): Record<string, string> {
  const linked = services.filter(({ metadata, spec }) => {
    const isApiServer = metadata.namespace === 'default' && metadata.name === 'kubernetes';
    const isLinked = metadata.namespace === pod.metadata.namespace && pod.spec.enableServiceLinks !== false;
    return (isApiServer || isLinked) && !['', 'None'].includes(spec.clusterIP ?? '');
  });
  return Object.assign({}, ...linked.map(variablesOf)) as Record<string, string>;
}

function variablesOf({ metadata, spec }: Service): Record<string, string> {
  const prefix = variableName(metadata.name);
  const address = spec.clusterIP ?? '';
  const variables: Record<string, string> = { [`${prefix}_SERVICE_HOST`]: address };
  for (const { name, port, protocol = 'TCP' } of spec.ports ?? []) {
    variables[`${prefix}_SERVICE_PORT`] ??= String(port);
    if (name !== undefined) variables[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(port);
    variables[`${prefix}_PORT_${port}_${protocol}`] = `${protocol.toLowerCase()}://${address}:${port}`;
  }
  return variables;
}

function variableName(name: string): string {
  return name.toUpperCase().replace(/-/g, '_');
}
