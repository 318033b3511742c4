/** Makes, changes and deletes records of one kind, each change with its line in the audit trail; `check` sees it done and may refuse it. */
import { GLOBAL } from '@ringfence/contracts';
import type { Actor } from '@ringfence/contracts';
import { handleCommand } from '@ringfence/event-store';
import type { Document, EventStore } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';
import { recordDecider } from '../../domain/record.decider.js';
import type { Identified, RecordCommand } from '../../domain/record.decider.js';
import { refusalOf, refuse } from '../../domain/refusal.js';
import type { RecordKind } from '../../read/access-documents.js';
import { audited } from './audited-store.js';

export interface Records<T extends Identified> {
  /** Throws the refusal when there is none. */
  get(id: string): Promise<Document<T>>;
  live(): Promise<Document<T>[]>;
  run(id: string, command: RecordCommand<T>, actor: Actor): Promise<void>;
}

export const streamOfRecord = ({ stream }: Pick<RecordKind, 'stream'>, id: string): string =>
  `${stream}-${id}`;

export function records<T extends Identified>(
  store: EventStore,
  kind: RecordKind<T>,
  check?: (entities: EntityManager) => Promise<unknown>,
): Records<T> {
  const decider = recordDecider<T, string>(kind.word, kind.inWords);
  const writing = audited(store, check);
  return {
    get: async (id) => {
      const found = await kind.documents.get(store.entities, id);
      if (found === null || found.deletedAt !== null)
        throw refuse('not_found_error', `there is no such ${kind.inWords}`);
      return found;
    },
    live: () => kind.documents.live(store.entities),
    run: async (id, command, actor) => {
      const meta = { actor, cluster: GLOBAL };
      const { rejected } = await handleCommand(writing, decider, streamOfRecord(kind, id), command, meta);
      if (rejected === undefined) return;
      const { code = 'FAILED_PRECONDITION', reason: token, message } = rejected;
      throw refusalOf(code, [{ token, message }], '');
    },
  };
}
