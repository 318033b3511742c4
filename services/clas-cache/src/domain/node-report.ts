/** What is known here of one node, for whoever looks for a fault: what it was told, what it said, and what is not in force there. */
import type { NodeReport, SupportAnswer } from '@ringfence/contracts';
import { NOTHING_PROVEN } from './agent-book.js';
import type { ClusterGraph } from './cluster-graph.js';

export interface Reported {
  readonly graph: Pick<ClusterGraph, 'agents' | 'enforcement' | 'spans' | 'view'>;
  /** What the cluster lacks to be in sync. */
  readonly missing: readonly string[];
  readonly refusedClaims: NodeReport['refusedClaims'];
  readonly node: string;
  readonly now: number;
}

/** As its contract bounds it; more are counted. */
const MOST_IN_REPORT = 100;
const MOST_MISSING_WORDS = 500;

export function reportOf(reported: Reported): SupportAnswer {
  const { graph, missing, refusedClaims, node, now } = reported;
  const { agents, spans, view } = graph;
  const isKnown = spans.revisionOf(node) !== undefined || agents.wordsOf(node) !== undefined;
  if (!isKnown && view.nodes.addressOf(node) === undefined)
    return { kind: 'unknown-node', message: `the cluster knows of no node ${node}`.slice(0, 500) };
  const report: NodeReport = {
    ...{ at: instant(now), node, policyVersion: view.policyVersion, refusedClaims },
    missing: missing.slice(0, MOST_IN_REPORT).map((words) => words.slice(0, MOST_MISSING_WORDS)),
    ...enforcementOf(reported),
    agent: agentOf(reported),
  };
  return { kind: 'reported', report };
}

function enforcementOf({
  graph: { agents, enforcement, spans },
  node,
}: Reported): Pick<NodeReport, 'view' | 'places' | 'notInForce' | 'notInForceCount'> {
  const { places, notInForce, waitingSince } = enforcement.standingOf(node);
  return {
    view: {
      told: spans.revisionOf(node) ?? null,
      acknowledged: proven(agents.revisionOf(node)),
      everywhere: proven(agents.revisionEverywhere(node)),
      waitingSince: waitingSince === null ? null : instant(waitingSince),
    },
    places,
    notInForce: notInForce
      .slice(0, MOST_IN_REPORT)
      .map(({ namespace, name, asked, inForce, token, message, since }) => ({
        ...{ namespace, name, asked, inForce, reason: token, message, since },
      })),
    notInForceCount: notInForce.length,
  };
}

function agentOf({ graph: { agents, view }, node, now }: Reported): NodeReport['agent'] {
  const { heardAt, pods, failed = [] } = agents.wordsOf(node) ?? {};
  return {
    heardAt: heardAt === undefined ? null : instant(heardAt),
    isDisconnected: agents.isDisconnected(node, now),
    isUnpaired: view.nodes.isUnpaired(node),
    podsInKernel: pods?.size ?? 0,
    failures: failed
      .slice(0, MOST_IN_REPORT)
      .map(({ pod, token, message }) => ({ pod, reason: token, message })),
    failureCount: failed.length,
  };
}

const proven = (revision: number): number | null => (revision === NOTHING_PROVEN ? null : revision);
const instant = (at: number): string => new Date(at).toISOString();
