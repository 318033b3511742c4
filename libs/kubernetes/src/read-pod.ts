/** One Pod and its owners, read by name: what the watches would tell, for whoever cannot wait for them. */
import { ClusterFactsCalculator, controllerFacts, podFacts } from '@ringfence/cluster-facts';
import type { KubeObject, ObservedChange, Owner } from '@ringfence/cluster-facts';
import type { ApiClient } from './api-client.js';
import { ApiError } from './api-client.js';
import { CONTROLLER_PATHS } from './resources.js';

const NOT_FOUND = 404;
/** Pod → ReplicaSet → Deployment, Job → CronJob, and one to spare. */
const MOST_OWNERS = 4;

export interface PodName {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/** Workload and Pod, in the order in which they are told; null: there is no such Pod. Throws ApiError. */
export async function readPod(
  client: ApiClient,
  { uid, namespace, name }: PodName,
  signal?: AbortSignal,
): Promise<ObservedChange[] | null> {
  const object = await read(client, pathOf('/api/v1/pods', namespace, name), signal);
  const facts = object?.metadata.uid === uid ? podFacts(object) : undefined;
  if (facts === undefined) return null;
  const calculator = new ClusterFactsCalculator();
  calculator.apply('pod', uid, facts);
  let owner: Owner | null = facts.controller;
  for (let depth = 0; owner !== null && depth < MOST_OWNERS; depth++)
    owner = await readOwner(client, calculator, { ...owner, namespace }, signal);
  return calculator.flush({ waitForOwners: false });
}

/** Gives the owner's own. */
async function readOwner(
  client: ApiClient,
  calculator: ClusterFactsCalculator,
  { uid, kind, name, namespace }: Owner & { readonly namespace: string },
  signal?: AbortSignal,
): Promise<Owner | null> {
  const path = CONTROLLER_PATHS.get(kind);
  if (path === undefined) return null;
  const object = await read(client, pathOf(path, namespace, name), signal);
  const facts = object?.metadata.uid === uid ? controllerFacts(kind)(object) : undefined;
  if (facts === undefined) return null;
  calculator.apply('controller', uid, facts);
  return facts.controller;
}

async function read(
  client: ApiClient,
  path: string,
  signal: AbortSignal | undefined,
): Promise<KubeObject | undefined> {
  try {
    return await client.get<KubeObject>(path, {}, signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return undefined;
    throw error;
  }
}

/** `/apis/apps/v1/deployments` → `/apis/apps/v1/namespaces/<namespace>/deployments/<name>`. */
function pathOf(collection: string, namespace: string, name: string): string {
  const end = collection.lastIndexOf('/');
  const [group, plural] = [collection.slice(0, end), collection.slice(end)];
  return `${group}/namespaces/${encodeURIComponent(namespace)}${plural}/${encodeURIComponent(name)}`;
}
