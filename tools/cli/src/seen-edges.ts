/** What was seen of a namespace or of labels: who called whom, from or to there, added up by the server. */
import type { FlowEdge, StoredFlowsChoice } from '@ringfence/contracts';
import type { ApiClient } from './api.client.js';
import { refused, usage } from './failure.js';
import { sinceInstant } from './graph/flow-query.js';

type Item = Readonly<Record<string, { readonly href: string }>>;
/** The busiest; the server adds up no more. */
const MOST_EDGES = 5_000;
/** Of a query: so many alternatives in a list, so many lists. */
const IN_A_LIST = 50;
const LISTS = 50;

/** Without a subject: of everybody. */
export async function seenEdges(
  api: ApiClient,
  subject: string | undefined,
  since: string,
): Promise<FlowEdge[]> {
  return api.post<FlowEdge[]>('/traffic_flows/edges', {
    ...flowsAmong(await itemsOf(api, subject), since),
    services: { include: [], exclude: [] },
    max_results: MOST_EDGES,
  });
}

/** From or to whoever the subject means; without one: of everybody. */
export async function flowsOf(
  api: ApiClient,
  subject: string | undefined,
  since: string,
): Promise<StoredFlowsChoice> {
  return flowsAmong(await itemsOf(api, subject), since);
}

/** From or to whoever one of these lists means. */
export function flowsAmong(include: readonly (readonly Item[])[], since: string): StoredFlowsChoice {
  const side = { include: include.map((items) => [...items]), exclude: [] };
  return {
    start_date: sinceInstant(since, Date.now()),
    ...{ sources: side, destinations: side, sources_destinations_query_op: 'or' },
    services: { include: [], exclude: [] },
  };
}

async function itemsOf(api: ApiClient, subject: string | undefined): Promise<Item[][]> {
  if (subject === undefined) return [[]];
  if (subject.includes('=')) return [await labelItems(api, subject)];
  const items = await workloadItems(api, subject);
  if (items.length > 0) return items;
  throw refused(
    `Nothing is known of namespace ${subject}. \`ringfence mode ${subject} visibility_only\` makes it managed; \`ringfence workloads\` shows what is.`,
  );
}

async function labelItems(api: ApiClient, subject: string): Promise<Item[]> {
  const labels = await api.all<{ href: string; key: string; value: string }>('/labels');
  return subject.split(',').map((word) => {
    const [key = '', ...rest] = word.split('=');
    const found = labels.find((label) => label.key === key && label.value === rest.join('='));
    if (found === undefined) throw usage(`There is no label ${word}; \`ringfence labels list\` shows all.`);
    return { label: { href: found.href } };
  });
}

/** Of a namespace; none: nothing is known of it. */
export async function workloadItems(api: ApiClient, namespace: string): Promise<Item[][]> {
  const found = await api.all<{ href: string; namespace: string; kind: string }>('/kubernetes_workloads', {
    namespace,
  });
  // The filter of the API is a partial match.
  const items = found
    .filter((one) => one.namespace === namespace && one.kind !== 'Service')
    .map(({ href }) => ({ workload: { href } }));
  if (items.length > IN_A_LIST * LISTS)
    throw refused(`${namespace} has ${String(items.length)} workloads; ask by label, such as app=shop.`);
  return Array.from({ length: Math.ceil(items.length / IN_A_LIST) }, (_, list) =>
    items.slice(list * IN_A_LIST, (list + 1) * IN_A_LIST),
  );
}
