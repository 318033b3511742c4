/** The gateway's health in the words of the page. */
import type { Health } from '@ringfence/contracts';

type Report = Health[number];
export type Tone = 'good' | 'warning' | 'bad' | 'quiet';

export interface HealthView {
  readonly tone: Tone;
  readonly headline: string;
  readonly version: string;
  readonly problems: readonly { readonly tone: Tone; readonly message: string }[];
  readonly clusters: readonly ClusterView[];
  readonly services: readonly ServiceView[];
}
export interface ClusterView {
  readonly name: string;
  readonly tone: Tone;
  readonly status: string;
  /** `12 in force`, `12 asked, 11 in force`. */
  readonly policy: string;
  /** Empty: nothing is awaited. */
  readonly waitingFor: string;
}
export interface ServiceView {
  readonly name: string;
  /** What it lacks; none: it runs. */
  readonly missing: readonly string[];
}

const TONES: Readonly<Record<string, Tone>> = {
  normal: 'good',
  warning: 'warning',
  critical: 'bad',
  in_sync: 'good',
  out_of_sync: 'warning',
  error: 'bad',
  never_connected: 'quiet',
};
const toneOf = (status: string): Tone => TONES[status] ?? 'warning';

export function healthView([report]: Health): HealthView | undefined {
  if (report === undefined) return undefined;
  return {
    tone: toneOf(report.status),
    headline: headlineOf(report),
    version: report.ringfence_version,
    problems: report.notifications.map(({ status, message }) => ({ tone: toneOf(status), message })),
    clusters: report.ringfence_clusters.map(clusterView),
    services: report.nodes.flatMap(({ services }) => servicesOf(services)),
  };
}

function headlineOf({ status, notifications }: Report): string {
  if (status === 'normal') return 'Everything is as it should be';
  const count = notifications.length;
  return `${count} ${count === 1 ? 'thing needs' : 'things need'} attention`;
}

function clusterView({ name, status, policy }: Report['ringfence_clusters'][number]): ClusterView {
  const { asked_version: asked, in_force_version: inForce, nodes_behind: behind } = policy;
  const words =
    inForce === asked
      ? [version(inForce, 'in force')]
      : [version(asked, 'asked'), version(inForce, 'in force')];
  const nodes = behind.length === 0 ? '' : ` (${behind.join(', ')})`;
  return {
    name,
    tone: toneOf(status),
    status: status.replaceAll('_', ' '),
    policy: status === 'never_connected' ? '–' : words.join(', '),
    waitingFor: policy.waiting_for === '' ? '' : `${policy.waiting_for}${nodes}`,
  };
}

const version = (number: number | null, what: string): string => `${number ?? 'unknown'} ${what}`;

/** `not_running` is a line per lack: `inventory: nats: connecting`. */
function servicesOf({ running, not_running: lacks }: Report['nodes'][number]['services']): ServiceView[] {
  const missing = new Map<string, string[]>(running.map((name) => [name, []]));
  for (const line of lacks) {
    const [name = '', ...words] = line.split(': ');
    missing.set(name, [...(missing.get(name) ?? []), words.join(': ')]);
  }
  return [...missing]
    .map(([name, words]) => ({ name, missing: words }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** `3 s ago`, `2 min ago`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}
