/** Makes, changes and deletes records of one kind, each change with its line in the audit trail. */
import { GLOBAL } from '@ringfence/contracts';
import type { Decider } from '@ringfence/decider';
import type { Actor } from '@ringfence/contracts';
import { handleCommand } from '@ringfence/event-store';
import type { Document, EventStore } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';
import { recordDecider } from '../../domain/record.decider.js';
import type { Identified, RecordCommand, RecordEvent } from '../../domain/record.decider.js';
import { refusalOf, refuse } from '../../domain/refusal.js';
import type { RecordKind } from '../../read/access-documents.js';
import { audited } from './audited-store.js';

export type Check = (entities: EntityManager) => Promise<unknown>;

export interface Records<T extends Identified> {
  /** Throws the refusal when there is none. */
  get(id: string): Promise<Document<T>>;
  live(): Promise<Document<T>[]>;
  /** `check` sees it done and may refuse it. */
  run(id: string, command: RecordCommand<T>, actor: Actor, check?: Check): Promise<void>;
}

export const streamOfRecord = ({ stream }: Pick<RecordKind, 'stream'>, id: string): string =>
  `${stream}-${id}`;

export const deciderOf = <T extends Identified>({
  word,
  inWords,
}: RecordKind<T>): Decider<T | null, RecordCommand<T>, RecordEvent<T, string>> =>
  recordDecider<T, string>(word, inWords);

export function records<T extends Identified>(store: EventStore, kind: RecordKind<T>): Records<T> {
  const decider = deciderOf(kind);
  return {
    get: async (id) => {
      const found = await kind.documents.get(store.entities, id);
      if (found === null || found.deletedAt !== null)
        throw refuse('not_found_error', `there is no such ${kind.inWords}`);
      return found;
    },
    live: () => kind.documents.live(store.entities),
    run: async (id, command, actor, check) => {
      const meta = { actor, cluster: GLOBAL };
      const { rejected } = await handleCommand(
        audited(store, check),
        decider,
        streamOfRecord(kind, id),
        command,
        meta,
      );
      if (rejected === undefined) return;
      const { code = 'FAILED_PRECONDITION', reason: token, message } = rejected;
      throw refusalOf(code, [{ token, message }], '');
    },
  };
}
