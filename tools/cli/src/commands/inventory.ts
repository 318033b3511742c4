/** `status`, `clusters`, `workloads`, `labels`: what there is and how it is. */
import type { Command } from 'commander';
import { colours as pc } from '../colours.js';
import { render, renderValue, tableOf } from '../output.js';
import type { Column } from '../output.js';
import { REFUSAL_COLUMNS, refusalsOf } from '../refused-annotations.js';
import type { RefusedAnnotation } from '../refused-annotations.js';
import { refusedPoliciesOf, refusedPolicyLines } from '../refused-network-policies.js';
import type { RefusedPolicies } from '../refused-network-policies.js';
import { unmanagedLine, whyNothingIn } from '../unmanaged-namespaces.js';
import type { Terminal, WithTerminal } from './terminal.js';

interface LabelBody {
  readonly href: string;
  readonly key: string;
  readonly value: string;
}
interface ClusterBody {
  readonly href: string;
  readonly name: string;
  readonly ringfence_status: string;
  readonly ringfence_status_message: string;
  readonly manager_type: string | null;
  readonly nodes: readonly unknown[];
  readonly ringfence_enforcement?: {
    readonly places: number;
    readonly not_in_force: number;
    readonly since: string | null;
    readonly policy: {
      readonly asked_version: number | null;
      readonly in_force_version: number | null;
      readonly is_newest: boolean;
      readonly waiting_for: string;
    };
    readonly refused_network_policies?: RefusedPolicies | null;
  };
}
interface LaggardBody {
  readonly name: string;
  readonly namespace: string | null;
  readonly node: string;
  readonly asked: string;
  readonly in_force: string | null;
  readonly message: string;
  readonly since: string;
}
interface EnforcementBody {
  readonly asked: string;
  readonly places: number;
  readonly in_force: number;
  readonly laggards: readonly LaggardBody[];
}
interface WorkloadBody {
  readonly href: string;
  readonly name: string | null;
  readonly hostname?: string | null;
  readonly namespace?: string;
  readonly kind?: string;
  readonly labels: readonly LabelBody[];
  readonly enforcement_mode: string;
  readonly online?: boolean;
  readonly security_policy_sync_state?: string;
  readonly ringfence_enforcement?: EnforcementBody;
  readonly ringfence_refused_annotations?: readonly RefusedAnnotation[];
}
interface HealthBody {
  readonly status: string;
  readonly notifications: readonly { readonly message: string }[];
}
interface VersionBody {
  readonly version: number;
  readonly commit_message: string;
  readonly created_at: string;
}

export function inventoryCommands(program: Command, withTerminal: WithTerminal): void {
  program
    .command('status')
    .description('what runs, which policy is in force, and what is missing')
    .addHelpText('after', '\nExample:\n  $ ringfence status -o json')
    .action(() => withTerminal(status));
  program
    .command('clusters')
    .description('Kubernetes clusters and how they are')
    .addHelpText('after', '\nExample:\n  $ ringfence clusters')
    .action(() => withTerminal(clusters));
  program
    .command('workloads')
    .description('hosts and Kubernetes workloads with their labels and mode')
    .option('-n, --namespace <name>', 'only those of a namespace')
    .addHelpText('after', '\nExample:\n  $ ringfence workloads -n shop-prod -o wide')
    .action((options: { namespace?: string }) =>
      withTerminal((terminal) => workloads(terminal, options.namespace)),
    );

  const labels = program.command('labels').description('labels: list, create');
  labels
    .command('list', { isDefault: true })
    .description('all labels')
    .option('-k, --key <type>', 'only those of a type, such as role')
    .addHelpText('after', '\nExample:\n  $ ringfence labels list --key role')
    .action((options: { key?: string }) => withTerminal((terminal) => listLabels(terminal, options.key)));
  labels
    .command('create')
    .description('create a label')
    .argument('<type>', 'role, app, env, loc, or a type of your own')
    .argument('<value>')
    .addHelpText('after', '\nExample:\n  $ ringfence labels create role web')
    .action((key: string, value: string) => withTerminal((terminal) => createLabel(terminal, key, value)));
}

async function status({ api, format, write }: Terminal): Promise<void> {
  const [health, clusterList, versions, pending, laggards] = await Promise.all([
    api.get<readonly HealthBody[]>('//health'),
    api.all<ClusterBody>('/container_clusters'),
    api.get<readonly VersionBody[]>('/sec_policy', { max_results: '1' }),
    api.get<Readonly<Record<string, readonly unknown[]>>>('/sec_policy/pending'),
    laggardsOf(api),
  ]);
  const changes = Object.values(pending).reduce((sum, list) => sum + list.length, 0);
  const answer = {
    health: health[0]?.status ?? 'unknown',
    missing: health.flatMap(({ notifications }) => notifications.map(({ message }) => message)),
    policy_version: versions[0]?.version ?? 0,
    pending_changes: changes,
    clusters: clusterList.map((cluster) => ({
      name: cluster.name,
      status: cluster.ringfence_status,
      message: cluster.ringfence_status_message,
      policy: cluster.ringfence_enforcement?.policy ?? null,
      refused_network_policies: cluster.ringfence_enforcement?.refused_network_policies ?? null,
    })),
    not_in_force: laggards,
  };
  if (format !== 'table') return write(renderValue(answer, format));
  const good = answer.health === 'normal';
  write(`Control plane   ${(good ? pc.green : pc.red)(answer.health)}\n`);
  for (const message of answer.missing) write(`                ${message}\n`);
  const provisioned = versions[0] === undefined ? '' : `, provisioned ${versions[0].created_at}`;
  write(`Policy          version ${String(answer.policy_version)}${provisioned}\n`);
  write(
    `Pending         ${changes === 0 ? 'nothing' : `${String(changes)} changed objects; \`ringfence policy pending\` shows them`}\n`,
  );
  write('\n');
  write(render(clusterList, CLUSTER_COLUMNS, 'table', 'No clusters.'));
  writeLaggards(write, laggards);
  write(refusedPolicyLines(refusedPoliciesOf(clusterList)));
}

async function laggardsOf(api: Terminal['api']): Promise<LaggardBody[]> {
  const all = await Promise.all([
    api.all<WorkloadBody>('/workloads'),
    api.all<WorkloadBody>('/kubernetes_workloads'),
  ]);
  return all
    .flat()
    .flatMap(({ ringfence_enforcement: enforcement }) => enforcement?.laggards ?? [])
    .sort((a, b) => a.since.localeCompare(b.since));
}

/** What somebody who was woken up must know: what does not hold, where, since when, why. The rest is a count. */
function writeLaggards(write: Terminal['write'], laggards: readonly LaggardBody[]): void {
  if (laggards.length === 0) return;
  write(`\n${pc.red(pc.bold(`Not enforced as asked: ${String(laggards.length)}`))}\n`);
  write(tableOf(laggards.slice(0, MOST_LAGGARDS), LAGGARD_COLUMNS));
  if (laggards.length > MOST_LAGGARDS)
    write(`and ${String(laggards.length - MOST_LAGGARDS)} more; \`ringfence status -o json\` names them\n`);
}

const MOST_LAGGARDS = 20;
const LAGGARD_COLUMNS: readonly Column<LaggardBody>[] = [
  {
    title: 'WHAT',
    value: ({ namespace, name }) => (namespace === null ? `node ${name}` : `${namespace}/${name}`),
  },
  { title: 'NODE', value: ({ node }) => node },
  { title: 'ASKED', value: ({ asked }) => asked },
  { title: 'IN FORCE', value: ({ in_force: mode }) => mode ?? 'nothing known' },
  { title: 'SINCE', value: ({ since }) => since },
  { title: 'WHY', value: ({ message }) => message },
];

const stateColour = (text: string): string => (text.startsWith('in_sync') ? pc.green(text) : pc.yellow(text));
const CLUSTER_COLUMNS: readonly Column<ClusterBody>[] = [
  { title: 'CLUSTER', value: ({ name }) => name },
  { title: 'STATUS', value: ({ ringfence_status: state }) => state, colour: stateColour },
  { title: 'NODES', value: ({ nodes }) => String(nodes.length) },
  { title: 'POLICY', value: versionInForce },
  { title: 'IN FORCE', value: placesInForce },
  { title: 'RUNS', value: ({ manager_type: type }) => type ?? '' },
  { title: 'ID', value: ({ href }) => href.slice(href.lastIndexOf('/') + 1) },
  { title: 'MESSAGE', value: ({ ringfence_status_message: message }) => message },
];

function placesInForce({ ringfence_enforcement: standing }: ClusterBody): string {
  if (standing === undefined || standing.places === 0) return '-';
  return `${String(standing.places - standing.not_in_force)} of ${String(standing.places)}`;
}

/** The newest that was asked for, or what is in force beside it. */
function versionInForce({ ringfence_enforcement: standing }: ClusterBody): string {
  if (standing === undefined) return '-';
  const {
    asked_version: asked,
    in_force_version: inForce,
    is_newest: isNewest,
    waiting_for,
  } = standing.policy;
  if (isNewest) return `version ${String(inForce)}`;
  return `version ${String(inForce ?? '?')} of ${String(asked ?? '?')} (${waiting_for})`;
}

async function clusters({ api, format, write }: Terminal): Promise<void> {
  const all = await api.all<ClusterBody>('/container_clusters');
  write(render(all, CLUSTER_COLUMNS, format, 'No clusters.'));
  if (format === 'table') write(refusedPolicyLines(refusedPoliciesOf(all)));
}

const WORKLOAD_COLUMNS: readonly Column<WorkloadBody>[] = [
  { title: 'NAMESPACE', value: ({ namespace }) => namespace ?? '-' },
  { title: 'KIND', value: ({ kind }) => kind ?? 'Host' },
  { title: 'NAME', value: ({ name, hostname }) => name ?? hostname ?? '' },
  { title: 'LABELS', value: ({ labels }) => labels.map(({ key, value }) => `${key}=${value}`).join(' ') },
  { title: 'MODE ASKED', value: ({ enforcement_mode: mode }) => mode },
  { title: 'IN FORCE', value: enforcedPods },
  {
    title: 'STATE',
    value: enforcedState,
  },
];

/** A Service has no Pods of its own to enforce on. */
function enforcedPods({ ringfence_enforcement: enforcement, kind }: WorkloadBody): string {
  if (enforcement === undefined || enforcement.places === 0) return '-';
  const on = `on ${String(enforcement.in_force)} of ${String(enforcement.places)}`;
  return kind === undefined ? on : `${on} Pods`;
}

function enforcedState(workload: WorkloadBody): string {
  const { online, security_policy_sync_state: state } = workload;
  if (online !== undefined) return online ? 'online' : 'offline';
  return state === undefined || enforcedPods(workload) === '-' ? '-' : state;
}

async function workloads({ api, format, write }: Terminal, namespace: string | undefined): Promise<void> {
  const isOfAll = namespace === undefined;
  const [inCluster, hosts, unmanaged] = await Promise.all([
    api.all<WorkloadBody>('/kubernetes_workloads', isOfAll ? {} : { namespace }),
    isOfAll ? api.all<WorkloadBody>('/workloads') : [],
    isOfAll && format === 'table' ? unmanagedLine(api) : null,
  ]);
  // The filter of the API is a partial match.
  const rows = [...hosts, ...inCluster.filter((one) => isOfAll || one.namespace === namespace)];
  if (format !== 'table') return write(renderValue(rows, format));
  if (rows.length === 0 && !isOfAll) return write(`${await whyNothingIn(api, namespace)}\n`);
  write(render(rows, WORKLOAD_COLUMNS, format, 'No workloads.'));
  const refusals = refusalsOf(rows);
  if (refusals.length > 0) {
    write(`\n${pc.yellow(pc.bold(`Not labelled as asked: ${String(refusals.length)}`))}\n`);
    write(tableOf(refusals, REFUSAL_COLUMNS));
  }
  if (unmanaged !== null) write(`\n${unmanaged}\n`);
}

const LABEL_COLUMNS: readonly Column<LabelBody>[] = [
  { title: 'TYPE', value: ({ key }) => key },
  { title: 'VALUE', value: ({ value }) => value },
  { title: 'HREF', value: ({ href }) => href },
];

async function listLabels({ api, format, write }: Terminal, key: string | undefined): Promise<void> {
  const all = await api.all<LabelBody>(
    '/labels',
    key === undefined ? {} : { key, exact_match_for_label_type: 'true' },
  );
  const rows = all.filter((label) => key === undefined || label.key === key);
  write(
    render(
      [...rows].sort((a, b) => a.key.localeCompare(b.key) || a.value.localeCompare(b.value)),
      LABEL_COLUMNS,
      format,
      'No labels.',
    ),
  );
}

async function createLabel({ api, format, write }: Terminal, key: string, value: string): Promise<void> {
  const label = await api.post<LabelBody>('/labels', { key, value });
  write(
    format === 'table' ? `Created ${label.key}=${label.value} (${label.href})\n` : renderValue(label, format),
  );
}
