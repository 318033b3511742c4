/** Rules that hold for the metadata of every kind: names, namespaces, labels, and the fields only the server may set. */
import { randomUUID } from 'node:crypto';
import { copyOf, isJsonObject } from './json.js';
import type { KubeObject, ObjectMeta } from './kube-object.js';
import { apiVersionOf } from './resource-definition.js';
import type { ResourceDefinition } from './resource-definition.js';
import { badRequest, conflict, invalid } from './status-error.js';
import type { StatusCause } from './status-error.js';

const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelNamePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelKeyPattern =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const labelValuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

/** Kinds whose name becomes part of a host name are limited to one label of 63 characters. */
const singleLabelKinds = new Set(['Namespace', 'Service']);
/** Names of these kinds may hold colons, as `system:node` does. */
const pathSegmentKinds = new Set(['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']);

const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

export function randomSuffix(): string {
  const bytes = randomUUID().replaceAll('-', '');
  const digits = [0, 2, 4, 6, 8].map((at) => Number.parseInt(bytes.slice(at, at + 2), 16));
  return digits.map((digit) => suffixAlphabet[digit % suffixAlphabet.length]).join('');
}

/** Checks that a body is an object of the kind its address promises, and returns it typed. */
export function objectOfKind(definition: ResourceDefinition, body: unknown): KubeObject {
  if (!isJsonObject(body)) throw badRequest('the body of the request must be one object');
  const expected = apiVersionOf(definition);
  const { kind = definition.kind, apiVersion = expected } = body;
  if (kind !== definition.kind || apiVersion !== expected) {
    throw badRequest(
      `the object provided is unrecognized: ${String(apiVersion)}, Kind=${String(kind)} sent to ${expected}, Kind=${definition.kind}`,
    );
  }
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  return {
    ...body,
    apiVersion: expected,
    kind: definition.kind,
    metadata: metadata as unknown as ObjectMeta,
  };
}

export function stampNewMetadata(definition: ResourceDefinition, draft: KubeObject, now: Date): void {
  const { metadata } = draft;
  if (!metadata.name && metadata.generateName) metadata.name = `${metadata.generateName}${randomSuffix()}`;
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(now);
  if (definition.hasGeneration || definition.isCustom) metadata.generation = 1;
  delete metadata.resourceVersion;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  if (!definition.namespaced) delete metadata.namespace;
}

/** What an update may not touch is taken over from the stored object. */
export function keepServerMetadata(next: KubeObject, current: KubeObject): void {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation, generateName } =
    current.metadata;
  const kept = {
    uid,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    generation,
    generateName,
  };
  // The copy leaves out what the stored object does not have.
  next.metadata = copyOf({ ...next.metadata, ...kept });
}

export function requireFreshVersion(
  definition: ResourceDefinition,
  next: KubeObject,
  current: KubeObject,
): void {
  const { name, uid, resourceVersion } = next.metadata;
  if (uid !== undefined && uid !== current.metadata.uid) {
    throw conflict(
      definition,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`,
    );
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== current.metadata.resourceVersion
  ) {
    throw conflict(
      definition,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
}

export function requireValidMetadata(definition: ResourceDefinition, object: KubeObject): void {
  const { metadata } = object;
  const causes = metadataCauses(definition, metadata);
  if (causes.length > 0) throw invalid(definition, metadata.name ?? '', causes);
}

export function metadataCauses(definition: ResourceDefinition, metadata: ObjectMeta): StatusCause[] {
  return [...nameCauses(definition, metadata), ...labelCauses(metadata), ...annotationCauses(metadata)];
}

function nameCauses(definition: ResourceDefinition, metadata: ObjectMeta): StatusCause[] {
  const { name } = metadata;
  if (!name) {
    return [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
        field: 'metadata.name',
      },
    ];
  }
  if (typeof name === 'string' && isValidName(definition.kind, name)) return [];
  const message =
    `Invalid value: "${String(name)}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, ` +
    `'-' or '.', and must start and end with an alphanumeric character`;
  return [{ reason: 'FieldValueInvalid', message, field: 'metadata.name' }];
}

function isValidName(kind: string, name: string): boolean {
  if (pathSegmentKinds.has(kind)) return name !== '.' && name !== '..' && !/[/%]/.test(name);
  if (singleLabelKinds.has(kind)) return name.length <= 63 && labelNamePattern.test(name);
  return name.length <= 253 && subdomainPattern.test(name);
}

function labelCauses(metadata: ObjectMeta): StatusCause[] {
  return Object.entries(metadata.labels ?? {})
    .filter(
      ([key, value]) =>
        !isLabelKey(key) || typeof value !== 'string' || value.length > 63 || !labelValuePattern.test(value),
    )
    .map(([key, value]) => ({
      reason: 'FieldValueInvalid',
      message: `Invalid value: "${key}=${String(value)}": a valid label must be an alphanumeric string of at most 63 characters`,
      field: 'metadata.labels',
    }));
}

function annotationCauses(metadata: ObjectMeta): StatusCause[] {
  return Object.entries(metadata.annotations ?? {})
    .filter(([key, value]) => !isLabelKey(key.toLowerCase()) || typeof value !== 'string')
    .map(([key]) => ({
      reason: 'FieldValueInvalid',
      message: `Invalid value: "${key}"`,
      field: 'metadata.annotations',
    }));
}

function isLabelKey(key: string): boolean {
  const name = key.slice(key.indexOf('/') + 1);
  return name.length <= 63 && key.length <= 317 && labelKeyPattern.test(key);
}

/** Kubernetes timestamps have no fractions of a second. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
