/** What services, workloads and labels are called in policy documents. */
import type { ApiClient } from './api.client.js';
import { idOf } from './word-forms.js';
import type { FileNames } from './word-forms.js';

export interface NamedWorkload {
  readonly href: string;
  readonly name: string | null;
  readonly hostname?: string | null;
  readonly namespace?: string;
  readonly kind?: string;
}

export const readWorkloads = async (api: ApiClient): Promise<NamedWorkload[]> =>
  (
    await Promise.all(['/workloads', '/kubernetes_workloads'].map((path) => api.all<NamedWorkload>(path)))
  ).flat();

/**
 * `namespace/name` of Kubernetes workloads, names of others; the kind in front (`service:shop/db`, `job:shop/db`) says which is meant. A Service
 * is never meant without: its Pods' workload is often called the same.
 */
export function workloadNames({ href, name, hostname, namespace, kind }: NamedWorkload): string[] {
  if (namespace === undefined) return [name ?? hostname ?? href];
  const plain = `${namespace}/${name ?? ''}`;
  const exact = `${(kind ?? 'workload').toLowerCase()}:${plain}`;
  return kind === 'Service' ? [exact] : [plain, exact];
}

/** By the last part of the href, the first name that no other has; where there is none, its last. */
export function shownWorkloadNames(all: readonly NamedWorkload[]): Map<string, string> {
  const counts = new Map<string, number>();
  for (const name of all.flatMap(workloadNames)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map(
    all.map((one) => {
      const names = workloadNames(one);
      return [idOf(one.href), names.find((name) => counts.get(name) === 1) ?? names.at(-1)!];
    }),
  );
}

export async function readFileNames(api: ApiClient, version = 'draft'): Promise<FileNames> {
  const [services, workloads, labels] = await Promise.all([
    api.all<{ href: string; name: string }>(`/sec_policy/${version}/services`),
    readWorkloads(api),
    api.all<{ href: string; key: string; value: string }>('/labels'),
  ]);
  return {
    services: new Map(services.map(({ href, name }) => [idOf(href), name])),
    workloads: shownWorkloadNames(workloads),
    labels: new Map(labels.map(({ href, key, value }) => [href, { key, value }])),
  };
}
