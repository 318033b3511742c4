/** The text of a support report: what inventory last heard of an agent, and what its cluster knows of the node. No secrets, bounded. */
import type { AgentHeartbeat, NodeReport } from '@ringfence/contracts';
import { withoutSecrets } from './without-secrets.js';

export const MOST_SUPPORT_REPORTS = 100;
const LARGEST_REPORT = 1_048_576;

export interface HeardOfAgent {
  readonly version: string;
  readonly status: string;
  readonly revision: number;
  readonly pods: number;
  readonly podsEnforced: number;
  readonly errors: AgentHeartbeat['errors'];
  readonly lastHeartbeat: Date;
  readonly lastGoodbye: Date | null;
}
export interface SupportReportParts {
  readonly at: Date;
  readonly ven: { readonly href: string; readonly hostname: string };
  readonly cluster: { readonly href: string };
  readonly mode: string;
  /** Undefined: nothing yet. */
  readonly agent: HeardOfAgent | undefined;
  /** Of its node; undefined: Kubernetes has it no more. */
  readonly containerRuntime: string | undefined;
  readonly seenByCluster: NodeReport;
}

/** Null: more than a report may be. */
export function supportReport({ at, ven, cluster, mode, agent, ...seen }: SupportReportParts): string | null {
  const report = {
    generatedAt: at.toISOString(),
    ...{ ven, cluster, enforcementMode: mode },
    agent: agent === undefined ? null : heardOf(agent),
    containerRuntime: seen.containerRuntime ?? null,
    seenByCluster: seen.seenByCluster,
  };
  const text = JSON.stringify(withoutSecrets(report), null, 2);
  return new TextEncoder().encode(text).length > LARGEST_REPORT ? null : text;
}

/** Not the keys and the id by which its machine is known. */
const heardOf = ({
  errors,
  lastHeartbeat,
  lastGoodbye,
  ...agent
}: HeardOfAgent): Record<string, unknown> => ({
  version: agent.version,
  status: agent.status,
  revision: agent.revision,
  pods: agent.pods,
  podsEnforced: agent.podsEnforced,
  lastHeartbeat: lastHeartbeat.toISOString(),
  lastGoodbye: lastGoodbye?.toISOString() ?? null,
  errors: errors.map(({ token, message, pod }) => ({ reason: token, message, pod: pod ?? null })),
});
