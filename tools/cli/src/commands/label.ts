/**
 * `label`: gives labels to a Kubernetes workload or Service (by the annotation that its manifest could have), to all of a namespace (fixed,
 * by its profile), or to a node or another host. A label that does not exist yet is created.
 */
import type { Command } from 'commander';
import { refused, usage } from '../failure.js';
import { labelPatch } from '../kubernetes-labels.js';
import type { KubernetesTarget, Labelling } from '../kubernetes-labels.js';
import { renderValue } from '../output.js';
import type { Terminal, WithTerminal } from './terminal.js';

interface Reference {
  readonly href: string;
  readonly key: string;
  readonly value: string;
}
interface Profile {
  readonly href: string;
  readonly namespace: string | null;
  readonly labels: readonly {
    readonly key: string;
    readonly assignment?: { readonly href?: string; readonly value?: string };
    readonly restriction?: readonly { readonly href: string }[];
  }[];
}
interface LabelOptions {
  readonly namespace?: boolean;
  readonly kind?: string;
  readonly cluster?: string;
}

export function labelCommand(program: Command, withTerminal: WithTerminal): void {
  program
    .command('label')
    .description('give labels to a workload, to all of a namespace, or to a host; type- takes one away')
    .argument('<name>', 'namespace/name of a workload or Service, or the name of a node or host')
    .argument('<labels...>', 'such as role=web env=prod, or role- to take it away')
    .option('--namespace', 'the name is a namespace: the labels are fixed for all that is in it')
    .option('-k, --kind <kind>', 'only the one of this kind, such as Service')
    .option('-c, --cluster <id>', 'which cluster, when there are several (or RINGFENCE_CLUSTER_ID)')
    .addHelpText(
      'after',
      '\nA Kubernetes workload is labelled by an annotation on its Pod template: its Pods are replaced, as after any change of it.\nThe kubeconfig is the one in KUBECONFIG.\n\nExamples:\n  $ ringfence label shop/web role=frontend\n  $ ringfence label --namespace shop app=shop env=prod\n  $ ringfence label node-1 loc=berlin',
    )
    .action((name: string, words: string[], options: LabelOptions) =>
      withTerminal((terminal) => label(terminal, name, parseLabels(words), options)),
    );
}

/** Null takes the label away. */
export function parseLabels(words: readonly string[]): Labelling {
  return new Map(
    words.map((word) => {
      const [, key, value] = /^([A-Za-z][\w.-]*?)(?:=(.+)|-)$/.exec(word) ?? [];
      if (key === undefined) throw usage(`"${word}" is no label; write role=web, or role- to take it away`);
      return [key, value ?? null] as const;
    }),
  );
}

async function label(
  terminal: Terminal,
  name: string,
  labels: Labelling,
  options: LabelOptions,
): Promise<void> {
  const work = options.namespace === true ? labelNamespace : name.includes('/') ? labelInCluster : labelHost;
  const done = await work(terminal, name, { labels, options });
  const words = [...labels].map(([key, value]) => (value === null ? `${key}-` : `${key}=${value}`)).join(' ');
  const { format, write } = terminal;
  if (format !== 'table')
    return write(renderValue({ labelled: done, labels: Object.fromEntries(labels) }, format));
  for (const each of done) write(`${each}: ${words}\n`);
}

interface Wish {
  readonly labels: Labelling;
  readonly options: LabelOptions;
}

/** By type; what does not exist yet is created, once it is known that whoever is to have it exists. */
async function labelHrefs({ api, note }: Terminal, labels: Labelling): Promise<Map<string, string>> {
  const existing = await api.all<Reference>('/labels');
  const hrefs = new Map<string, string>();
  for (const [key, value] of labels) {
    if (value === null) continue;
    const known = existing.find((each) => each.key === key && each.value === value);
    hrefs.set(key, (known ?? (await api.post<Reference>('/labels', { key, value }))).href);
    if (known === undefined) note(`created the label ${key}=${value}\n`);
  }
  return hrefs;
}

async function labelHost(terminal: Terminal, name: string, { labels }: Wish): Promise<string[]> {
  const { api } = terminal;
  const found = await api.all<{
    href: string;
    name: string | null;
    hostname: string | null;
    labels: Reference[];
  }>('/workloads');
  const hosts = found.filter((each) => each.name === name || each.hostname === name);
  const [host] = hosts;
  if (host === undefined)
    throw refused(
      `There is no host ${name}; \`ringfence workloads\` shows them. In a cluster write namespace/name.`,
    );
  if (hosts.length > 1) throw refused(`Several hosts are called ${name}; take it by its href over REST.`);
  const kept = host.labels.filter(({ key }) => !labels.has(key)).map(({ href }) => ({ href }));
  const hrefs = await labelHrefs(terminal, labels);
  await api.put(host.href, { labels: [...kept, ...[...hrefs.values()].map((href) => ({ href }))] });
  return [name];
}

async function labelNamespace(
  terminal: Terminal,
  name: string,
  { labels, options }: Wish,
): Promise<string[]> {
  const profile = await profileOf(terminal, name, options.cluster);
  const kept = profile.labels.filter(({ key }) => !labels.has(key)).map(asWritten);
  const hrefs = await labelHrefs(terminal, labels);
  const fixed = [...hrefs].map(([key, href]) => ({ key, assignment: { href } }));
  await terminal.api.put(profile.href, { labels: [...kept, ...fixed] });
  return [`namespace ${name}`];
}

const asWritten = ({ key, assignment, restriction }: Profile['labels'][number]): object =>
  assignment === undefined
    ? { key, restriction: (restriction ?? []).map(({ href }) => ({ href })) }
    : { key, assignment: assignment.href === undefined ? {} : { href: assignment.href } };

async function profileOf({ api, cluster }: Terminal, namespace: string, chosen?: string): Promise<Profile> {
  const clusters = await api.all<{ href: string }>('/container_clusters');
  const asked = chosen ?? cluster;
  const wanted = clusters.filter(({ href }) => asked === undefined || href.endsWith(`/${asked}`));
  const profiles = await Promise.all(
    wanted.map(({ href }) => api.all<Profile>(`${href}/container_workload_profiles`, { namespace })),
  );
  const found = profiles.flat().filter((each) => each.namespace === namespace);
  if (found.length > 1)
    throw usage(`Several clusters have a namespace ${namespace}; say which with --cluster`);
  if (found[0] === undefined)
    throw refused(`There is no namespace ${namespace}, or Kubelink has not reported it yet.`);
  return found[0];
}

async function labelInCluster(
  terminal: Terminal,
  name: string,
  { labels, options }: Wish,
): Promise<string[]> {
  const [namespace = '', short = ''] = name.split('/');
  const all = await terminal.api.all<KubernetesTarget>('/kubernetes_workloads', { namespace, name: short });
  const targets = all.filter(
    (each) =>
      each.namespace === namespace &&
      each.name === short &&
      (options.kind === undefined || each.kind.toLowerCase() === options.kind.toLowerCase()),
  );
  if (targets.length === 0)
    throw refused(
      `There is no workload ${name} in a managed namespace; \`ringfence workloads -n ${namespace}\` shows them.`,
    );
  const profile = await profileOf(terminal, namespace, options.cluster);
  const fixed = profile.labels.find(({ key, assignment }) => labels.has(key) && assignment !== undefined);
  if (fixed !== undefined)
    throw refused(
      `The namespace ${namespace} fixes the label of ${fixed.key}, whatever a workload says: ringfence label --namespace ${namespace} ${fixed.key}=…`,
    );
  const patches = targets.map((target) => labelPatch(target, labels));
  const client = await kubernetesClient(terminal.kubeconfig);
  await labelHrefs(terminal, labels);
  try {
    for (const { path, body } of patches) await client.patch(path, body, 'application/merge-patch+json');
  } finally {
    await client.close();
  }
  return targets.map(({ kind }) => `${kind} ${name}`);
}

/** Loaded when it is needed: every other command starts without it. */
async function kubernetesClient(kubeconfig: string | undefined) {
  if (kubeconfig === undefined)
    throw usage('KUBECONFIG is not set: a Kubernetes workload is labelled by an annotation in its cluster.');
  const { apiClient, clusterAccess } = await import('@ringfence/kubernetes');
  return apiClient(clusterAccess(kubeconfig));
}
