/**
 * `support_report_requests` and `support_reports`. Whoever asks for one is answered at once; the cluster is asked meanwhile and has
 * ten seconds. What came of it is kept: the report as a gzip file, or in words why there is none.
 */
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { askCluster, CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { actorHref, SupportAnswer, SupportReportRequestCreate } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse, SupportQuestion } from '@ringfence/contracts';
import type { Document, EventStore, OneAtATime } from '@ringfence/event-store';
import { idOfHref, notFound, orgHref, page, parsed } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import type { Logger } from 'pino';
import { supportReport } from '../../domain/support-report.js';
import type { Workload } from '../../domain/workload.decider.js';
import { AgentEntity } from '../../read/agents.js';
import { liveNodes } from '../facts/observed.store.js';
import { workloads } from '../../read/inventory-documents.js';
import { addRequest, complete, contentOf, supportReports } from './support-reports.store.js';
import type { SupportReportRow } from './support-reports.store.js';

export interface SupportReportParts {
  readonly store: EventStore;
  readonly bus: Bus;
  readonly oneAtATime: OneAtATime;
  readonly logger: Logger;
}

const ASKED_FOR_MS = 10_000;
const MOST_UNDER_WAY = 8;
/** Pending for longer: whoever asked the cluster has ended. */
const LOST_AFTER_MS = 30_000;
const LOST = 'interrupted by a restart; ask again';

const compressed = promisify(gzip);

export class SupportReports {
  private readonly underWay = new Set<Promise<void>>();
  private readonly ending = new AbortController();

  constructor(private readonly parts: SupportReportParts) {}

  get requests(): Operations {
    const { entities } = this.parts.store;
    return {
      list: async ({ query }) => listed(await supportReports(entities), query, showRequest),
      get: async ({ ids }) => ({ body: showRequest(one(await supportReports(entities), ids, 'request')) }),
      create: (request) => this.parts.oneAtATime(() => this.create(request)),
    };
  }

  get reports(): Operations {
    const { entities } = this.parts.store;
    const made = async (): Promise<SupportReportRow[]> =>
      (await supportReports(entities)).filter(({ status }) => status === 'done');
    return {
      list: async ({ query }) => listed(await made(), query, showReport),
      get: async ({ ids }) => ({ body: showReport(one(await made(), ids)) }),
      download: async ({ ids }) => {
        const content = await contentOf(entities, one(await made(), ids).id);
        if (content === null) throw notFound('support report');
        return { body: { gzip: content.toString('base64') } };
      },
    };
  }

  async close(): Promise<void> {
    this.ending.abort();
    await Promise.all(this.underWay);
  }

  private async create({ body, actor }: ResourceRequest): Promise<ResourceResponse> {
    const { ven: named } = parsed(SupportReportRequestCreate, body);
    const { entities } = this.parts.store;
    const ven = await workloads.get(entities, idOfHref(named.href, 'vens'));
    if (ven === null || ven.deletedAt !== null || !ven.body.managed)
      throw CallError.of('INVALID_ARGUMENT', 'reference_not_found', `ven: there is no agent ${named.href}`);
    if (this.underWay.size >= MOST_UNDER_WAY) {
      const words = `${MOST_UNDER_WAY} support reports are being made; try again when one is`;
      throw CallError.of('RESOURCE_EXHAUSTED', 'too_many_requests_error', words);
    }
    const row: SupportReportRow = {
      ...{ id: randomUUID(), ven: ven.id, hostname: ven.body.hostname, status: 'pending', message: null },
      ...{ requestedBy: actor, requestedAt: new Date(), completedAt: null, size: null, content: null },
    };
    await addRequest(entities, row);
    const making = this.make(row.id, ven).catch((error: unknown) =>
      this.parts.logger.error({ err: error }, 'a support report could not be kept'),
    );
    this.underWay.add(making);
    void making.finally(() => this.underWay.delete(making));
    return { body: showRequest(row) };
  }

  private async make(id: string, ven: Document<Workload>): Promise<void> {
    const { entities } = this.parts.store;
    const made = await this.textOf(ven);
    if ('failed' in made)
      return complete(entities, id, { status: 'failed', message: made.failed, size: null, content: null });
    const content = await compressed(made.text);
    await complete(entities, id, { status: 'done', message: null, size: content.length, content });
  }

  private async textOf({ id, body }: Document<Workload>): Promise<{ text: string } | { failed: string }> {
    const { store, bus } = this.parts;
    const { cluster, node, hostname, mode } = body;
    if (cluster === null || node === null) return { failed: 'the agent is of no cluster' };
    const answer = await askCluster(bus, {
      ...{ cluster, deadlineMs: ASKED_FOR_MS, signal: this.ending.signal },
      question: { supportReportOf: node } satisfies SupportQuestion,
      read: (payload) => SupportAnswer.safeParse(payload).data,
    });
    if (answer.kind !== 'reported') return { failed: answer.message };
    const agent = await store.entities.findOneBy(AgentEntity, { cluster, node });
    const seen = (await liveNodes(store.entities, cluster)).find(({ name }) => name === node);
    const text = supportReport({
      ...{ at: new Date(), mode, agent: agent ?? undefined, seenByCluster: answer.report },
      ven: { href: orgHref(`vens/${id}`), hostname },
      cluster: { href: orgHref(`container_clusters/${cluster}`) },
      containerRuntime: seen?.containerRuntime,
    });
    return text === null ? { failed: 'the report is larger than 1 MiB' } : { text };
  }
}

function listed(
  all: readonly SupportReportRow[],
  query: ResourceRequest['query'],
  show: (row: SupportReportRow) => unknown,
): ResourceResponse {
  const { matched, shown } = page(all, query, {});
  return { body: shown.map(show), total: all.length, matched: matched.length };
}

function one(all: readonly SupportReportRow[], [id]: readonly string[], what = ''): SupportReportRow {
  const found = all.find((row) => row.id === id);
  if (found === undefined) throw notFound(`support report ${what}`.trim());
  return found;
}

const venOf = ({ ven, hostname }: SupportReportRow): Record<string, unknown> => ({
  ven: { href: orgHref(`vens/${ven}`), hostname },
});

function showRequest(row: SupportReportRow): Record<string, unknown> {
  const { id, requestedBy, requestedAt, completedAt } = row;
  const isLost = row.status === 'pending' && Date.now() - requestedAt.getTime() > LOST_AFTER_MS;
  const status = isLost ? 'failed' : row.status;
  const message = isLost ? LOST : row.message;
  return {
    href: orgHref(`support_report_requests/${id}`),
    ...venOf(row),
    status,
    requested_at: requestedAt.toISOString(),
    requested_by: { href: actorHref(requestedBy) },
    ...(completedAt !== null && { completed_at: completedAt.toISOString() }),
    ...(message !== null && { message }),
    ...(status === 'done' && { support_report: { href: orgHref(`support_reports/${id}`) } }),
  };
}

const showReport = (row: SupportReportRow): Record<string, unknown> => ({
  href: orgHref(`support_reports/${row.id}`),
  ...venOf(row),
  generated_at: row.completedAt?.toISOString() ?? null,
  size: row.size ?? 0,
  support_report_request: { href: orgHref(`support_report_requests/${row.id}`) },
});
