/** `policy export --as network-policies`: rule sets as manifests for clusters without agents; what those cannot say goes to standard error. */
import type { ExportedNetworkPolicies } from '@ringfence/contracts';
import { refused, usage } from '../failure.js';
import { writeText } from '../named-file.js';
import { printable, renderValue } from '../output.js';
import { yaml } from '../yaml.js';
import type { Terminal } from './terminal.js';

export interface NetworkPolicyOptions {
  readonly file?: string;
  readonly ruleSet?: readonly string[];
  readonly namespace?: readonly string[];
  readonly podLabel?: readonly string[];
  readonly dns: boolean;
}
interface Profile {
  readonly namespace: string | null;
  readonly managed: boolean;
  readonly labels: readonly { readonly assignment?: { readonly href?: string } }[];
}

export async function exportNetworkPolicies(
  terminal: Terminal,
  version: string,
  { file, ruleSet, namespace, podLabel, dns }: NetworkPolicyOptions,
): Promise<void> {
  const { api, format, write, note } = terminal;
  const body = {
    ...(ruleSet !== undefined && { rule_sets: await ruleSetsCalled(terminal, version, ruleSet) }),
    namespaces: await namespacesOf(terminal, namespace),
    pod_labels: Object.fromEntries((podLabel ?? []).map(carrierOf)),
    dns,
  };
  const answer = await api.post<ExportedNetworkPolicies>(`/sec_policy/${version}/network_policies`, body);
  if (format === 'json') return write(renderValue(answer, format));
  for (const { rule_set: set, rule, token, message } of answer.not_said)
    note(
      printable(
        `Not said: rule set "${set.name}"${rule === null ? '' : `, ${rule.href}`}: ${message} (${token})`,
      ) + '\n',
    );
  const text = answer.network_policies.map((one) => yaml().stringify(one)).join('---\n');
  if (file === undefined) return write(text);
  await writeText(file, text);
  note(`Written to ${file}.\n`);
}

function carrierOf(text: string): readonly [type: string, key: string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw usage(`--pod-label ${text}: write TYPE=KEY, as role=app.kubernetes.io/component`);
  return [text.slice(0, at), text.slice(at + 1)];
}

async function ruleSetsCalled(
  { api }: Terminal,
  version: string,
  names: readonly string[],
): Promise<{ href: string }[]> {
  const all = await api.all<{ href: string; name: string }>(`/sec_policy/${version}/rule_sets`);
  return names.map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw refused(`There is no rule set "${name}".`);
    return { href: found.href };
  });
}

/** Managed ones, with the labels that their profiles give to all of their Pods. */
async function namespacesOf(
  { api, cluster }: Terminal,
  wanted: readonly string[] | undefined,
): Promise<{ name: string; labels: { href: string }[] }[]> {
  const clusters = await api.all<{ href: string }>('/container_clusters');
  const [chosen, ...more] = clusters.filter(
    ({ href }) => cluster === undefined || href.endsWith(`/${cluster}`),
  );
  if (chosen === undefined) throw refused('There is no such cluster.');
  if (more.length > 0) throw usage('There are several clusters; say which with --cluster');
  const profiles = await api.all<Profile>(`${chosen.href}/container_workload_profiles`);
  const found = profiles.flatMap(({ namespace, managed, labels }) =>
    namespace === null || !managed || wanted?.includes(namespace) === false
      ? []
      : [
          {
            name: namespace,
            labels: labels.flatMap(({ assignment }) =>
              assignment?.href === undefined ? [] : [{ href: assignment.href }],
            ),
          },
        ],
  );
  const missing = wanted?.find((name) => !found.some((one) => one.name === name));
  if (missing !== undefined) throw refused(`There is no managed namespace ${missing}.`);
  if (found.length === 0) throw refused('No namespace is managed.');
  return found;
}
