/**
 * What agents say, and what clas-cache refused of it. Who speaks is said by the subject, which the server enforces: of a
 * cluster here, of a node within it by its own server and clas-cache. A payload that names another node is refused here too.
 */
import { PermanentError } from '@ringfence/bus';
import type { BusMetrics, Message } from '@ringfence/bus';
import { AGENT_REPORTS, parseSubject, subjectToken } from '@ringfence/contracts';
import type { AgentHeartbeat, AgentRefusal } from '@ringfence/contracts';
import { entitiesIn } from '@ringfence/event-store';
import type { AppendBatch, EventStore, OneAtATime } from '@ringfence/event-store';
import type pg from 'pg';
import { In } from 'typeorm';
import { containerClusters } from '../../read/inventory-documents.js';
import { noteHeartbeat } from './agents.store.js';
import { agentRefused, isPaired } from './observation-events.js';
import { SYSTEM } from '../system-actor.js';

export interface AgentParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly metrics: BusMetrics;
}

type Report =
  | {
      readonly kind: 'heartbeat';
      readonly cluster: string;
      readonly said: AgentHeartbeat;
      readonly heardAt: Date;
    }
  | { readonly kind: 'refusal'; readonly cluster: string; readonly said: AgentRefusal };

export function agentsConsumer({
  store,
  oneAtATime,
  metrics,
}: AgentParts): (messages: readonly Message[]) => Promise<void> {
  const refused = metrics.counter(
    'inventory_refused_claims_total',
    'What agents said that was not theirs to say',
  );
  const takeIn = async (tx: pg.PoolClient, report: Report): Promise<AppendBatch[]> => {
    const { cluster, said } = report;
    if (report.kind === 'refusal') return agentRefused(cluster, report.said);
    if (report.said.status !== 'unpaired' || !(await isPaired(tx, cluster, said.node)))
      return noteHeartbeat(tx, cluster, report.said, report.heardAt);
    // A node is unpaired by the control plane: nobody's word for it takes its rules away.
    refused.add(1, { kind: 'unpaired' });
    const claim = { claim: 'heartbeat' as const, detail: 'it is unpaired; nobody asked for that', count: 1 };
    return agentRefused(cluster, { node: said.node, claims: [claim], at: report.said.observedAt });
  };
  return async (messages) => {
    const reports = messages.flatMap((message) => parse(message, () => refused.add(1, { kind: 'foreign' })));
    await oneAtATime(() =>
      store.transaction(async (tx) => {
        const clusters = await liveClusters(tx, reports);
        for (const report of reports) {
          // A cluster that was deleted may still talk for a moment.
          if (!clusters.has(report.cluster)) continue;
          // At once: the next report may be of the same node.
          await store.appendIn(tx, await takeIn(tx, report), { actor: SYSTEM, cluster: 'global' });
        }
      }),
    );
  };
}

function parse({ subject, payload, storedAt: heardAt }: Message, onForeign: () => void): Report[] {
  const { cluster, kind, token } = parseSubject(subject);
  if (kind !== 'heartbeat' && kind !== 'refusal') return [];
  const result = AGENT_REPORTS[kind].safeParse(payload);
  if (!result.success)
    throw new PermanentError('bad-report', `${subject}: ${result.error.issues[0]?.message ?? 'malformed'}`);
  if (subjectToken(result.data.node) !== token) {
    onForeign();
    throw new PermanentError('foreign-node', `${subject}: it is of ${result.data.node}`);
  }
  return [{ kind, cluster, said: result.data, heardAt } as Report];
}

export async function liveClusters(
  tx: pg.PoolClient,
  said: readonly { readonly cluster: string }[],
): Promise<Set<string>> {
  const named = In([...new Set(said.map((each) => each.cluster))]);
  return new Set((await containerClusters.live(entitiesIn(tx), { id: named })).map(({ id }) => id));
}
