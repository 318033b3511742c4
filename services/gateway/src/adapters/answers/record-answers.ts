/** The usual operations of a collection of records: what a body means and how a record is shown is all that differs. */
import type { Document } from '@ringfence/event-store';
import { page } from '@ringfence/resources';
import type { Filters } from '@ringfence/resources';
import type { EntityManager } from 'typeorm';
import type { Identified, RecordCommand } from '../../domain/record.decider.js';
import { actorOf } from '../../domain/rest-request.js';
import type { RestRequest } from '../../domain/rest-request.js';
import type { Records } from '../people/records.store.js';
import type { Answer } from './answer.js';
import { called, collectionReply, maxResults } from './owner-answers.js';

export interface RecordCollection<T extends Identified> {
  readonly collection: string;
  readonly records: Records<T>;
  /** Of what a request has changed, inside its transaction: it may refuse it. */
  check(entities: EntityManager, request: RestRequest): Promise<unknown>;
  made(body: unknown): Promise<T>;
  /** What is changed and deleted elsewhere. */
  refuseChange?(current: T): void;
  changed(body: unknown, current: T): Promise<Partial<Omit<T, 'id'>>>;
  show(found: Document<T>): { readonly href: string };
  readonly filters: Filters<T>;
  /** After a change that was kept. */
  kept(): Promise<void>;
}

export function recordAnswers<T extends Identified>(
  of: RecordCollection<T>,
): Readonly<Record<string, Answer>> {
  const { collection, records } = of;
  const run = (id: string, command: RecordCommand<T>, request: RestRequest): Promise<void> =>
    records.run(id, command, actorOf(request.caller), (entities) => of.check(entities, request));
  return {
    [`${collection} list`]: (request) => list(of, request),
    [`${collection} get`]: async ({ match }) => ({
      status: 200,
      body: of.show(await records.get(match.ids[0] ?? '')),
    }),
    [`${collection} create`]: async (request) => {
      const record = await of.made(request.body);
      await run(record.id, { kind: 'create', record }, request);
      await of.kept();
      const shown = of.show(await records.get(record.id));
      return { status: 201, headers: { location: shown.href }, body: shown };
    },
    [`${collection} update`]: async (request) => {
      const found = await records.get(request.match.ids[0] ?? '');
      of.refuseChange?.(found.body);
      const change = await of.changed(request.body, found.body);
      await run(found.id, { kind: 'change', change }, request);
      await of.kept();
      return { status: 204 };
    },
    [`${collection} delete`]: async (request) => {
      const found = await records.get(request.match.ids[0] ?? '');
      of.refuseChange?.(found.body);
      await run(found.id, { kind: 'delete' }, request);
      await of.kept();
      return { status: 204 };
    },
  };
}

async function list<T extends Identified>(
  { records, filters, show }: RecordCollection<T>,
  request: RestRequest,
): ReturnType<Answer> {
  const all = await records.live();
  const byBody = Object.fromEntries(
    Object.entries(filters).map(([name, matches]) => [
      name,
      ({ body }: Document<T>, wanted: string) => matches(body, wanted),
    ]),
  );
  const { matched } = await called(request.id, async () => page(all, request.query, byBody));
  const reply = { body: matched.map(show), total: all.length, matched: matched.length };
  return collectionReply(reply, maxResults(request) ?? 500);
}
