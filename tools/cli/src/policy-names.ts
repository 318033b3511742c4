/** What services and workloads are called in a policy file. */
import type { ApiClient } from './api.client.js';
import { idOf } from './policy-words.js';
import type { FileNames } from './policy-words.js';

interface Named {
  readonly href: string;
  readonly name: string | null;
  readonly hostname?: string | null;
  readonly namespace?: string;
}

export async function readFileNames(api: ApiClient, version = 'draft'): Promise<FileNames> {
  const [services, hosts, workloads] = await Promise.all([
    api.all<Named>(`/sec_policy/${version}/services`),
    api.all<Named>('/workloads'),
    api.all<Named>('/kubernetes_workloads'),
  ]);
  const nameOf = ({ href, name, hostname, namespace }: Named): string =>
    namespace === undefined ? (name ?? hostname ?? href) : `${namespace}/${name ?? ''}`;
  const byId = (all: readonly Named[]): Map<string, string> =>
    new Map(all.map((one) => [idOf(one.href), nameOf(one)]));
  return { services: byId(services), workloads: byId([...hosts, ...workloads]) };
}
