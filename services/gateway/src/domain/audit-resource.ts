/** Of whom and of what a domain event tells, in the API's words. Who did it is what the server knows, never what a payload says. */
import type { Envelope } from '@ringfence/contracts';

/** `clusterName`: null where it is not known. An agent is the one that its own words are about. */
export function creatorOf(
  { actor: { kind, id }, data }: Pick<Envelope, 'actor' | 'data'>,
  clusterName: string | null,
): Record<string, unknown> {
  if (kind === 'user') return { user: { href: `/users/${id}`, username: `user_${id}` } };
  if (kind === 'service_account') return { service_account: { href: `/orgs/1/service_accounts/${id}` } };
  if (kind === 'container_cluster')
    return {
      container_cluster: {
        ...{ href: `/orgs/1/container_clusters/${id}` },
        ...(clusterName !== null && { name: clusterName }),
      },
    };
  if (kind === 'system') return { system: {} };
  const { agent } = data as { readonly agent?: unknown };
  return { agent: { ...(typeof agent === 'string' && { href: `/orgs/1/agents/${agent}` }), hostname: id } };
}

/** By the word of an event type, where its objects are. */
const COLLECTIONS: Readonly<Record<string, string>> = {
  container_cluster: 'container_clusters',
  workload: 'workloads',
  pairing_profile: 'pairing_profiles',
  label: 'labels',
  label_dimension: 'label_dimensions',
  sec_policy: 'sec_policy',
};
/** Of what is told of an agent. */
const OF_WORKLOADS = new Set(['agent.activate', 'system_task.agent_offline_check', 'lost_agent.found']);
const NAMES = ['name', 'hostname', 'key', 'value', 'username', 'version'];

/** Without what is only in an event: the trail names things as people know them. */
export function resourceOf(
  eventType: string,
  { data }: Pick<Envelope, 'data'>,
): Record<string, { href?: string }> {
  const word = OF_WORKLOADS.has(eventType)
    ? 'workload'
    : eventType.slice(0, eventType.indexOf('.')).replace(/_pending$/, '');
  const told = data as Readonly<Record<string, unknown>>;
  const object = (told['object'] ?? {}) as Readonly<Record<string, unknown>>;
  const href = hrefOf(word, told);
  const names = NAMES.flatMap((name) => {
    const value = told[name] ?? object[name] ?? undefined;
    return value === undefined ? [] : [[name, value]];
  });
  return { [word]: { ...(href !== undefined && { href }), ...Object.fromEntries(names) } };
}

function hrefOf(
  word: string,
  { id, type, cluster, version }: Readonly<Record<string, unknown>>,
): string | undefined {
  if (word === 'sec_policy' && version !== undefined) return `/orgs/1/sec_policy/${String(version)}`;
  if (id === undefined) return undefined;
  if (type !== undefined) return `/orgs/1/sec_policy/draft/${String(type)}/${String(id)}`;
  if (word === 'container_workload_profile')
    return `/orgs/1/container_clusters/${String(cluster)}/container_workload_profiles/${String(id)}`;
  const collection = COLLECTIONS[word];
  return collection === undefined ? undefined : `/orgs/1/${collection}/${String(id)}`;
}
