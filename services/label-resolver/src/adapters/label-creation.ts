/** Labels that come to be, whoever asks: what they hang on is looked up, and all are written together. */
import { GLOBAL } from '@ringfence/contracts';
import type { Actor, LabelState } from '@ringfence/contracts';
import { handleCommands } from '@ringfence/event-store';
import type { Document, EventStore } from '@ringfence/event-store';
import { accepted, eachAccepted, referenceOf, refusal, Taken } from '@ringfence/resources';
import type { Outcome } from '@ringfence/resources';
import { labelDecider } from '../domain/label.decider.js';
import type { LabelSurroundings } from '../domain/label.decider.js';
import { labels, labelTypes } from '../read/resolver-documents.js';
import { streamOf } from './stream-names.js';

/** The ids of what was made, or why it was not. */
export async function createLabels(
  store: EventStore,
  wanted: readonly Outcome<LabelState>[],
  actor: Actor,
): Promise<Outcome<string>[]> {
  const streams = accepted(wanted).map(({ id }) => streamOf.label(id));
  const work = { store, decider: labelDecider, streams, meta: { actor, cluster: GLOBAL } };
  return handleCommands(work, async ({ decide }) => {
    const neighbours = await neighboursOf(store, accepted(wanted));
    return eachAccepted(wanted, (label) => {
      const around = neighbours.around(label);
      const { rejected } = decide(streamOf.label(label.id), { type: 'create', label, around });
      if (rejected !== undefined) throw refusal(rejected);
      neighbours.note(label);
      return label.id;
    });
  });
}

/** What labels hang on beside themselves: the types, and what other labels have. */
interface Neighbours {
  around(label: LabelState): LabelSurroundings;
  /** Made or changed since. */
  note(label: LabelState): void;
}

export async function neighboursOf(
  { entities }: EventStore,
  wanted: readonly LabelState[],
): Promise<Neighbours> {
  const types = new Set((await labelTypes.live(entities)).map(({ body }) => body.key));
  const values = wanted.map(({ value }) => value);
  const references = wanted.flatMap(({ externalDataReference }) => externalDataReference ?? []);
  const bodies = (found: Document<LabelState>[]): LabelState[] => found.map(({ body }) => body);
  const names = new Taken(nameOf, bodies(await labels.having(entities, 'value', values)));
  const referred = new Taken(
    referenceOf,
    bodies(await labels.having(entities, 'externalDataReference', references)),
  );
  return {
    around: (label) => ({
      typeExists: types.has(label.key),
      valueTaken: names.byAnother(label),
      referenceTaken: referred.byAnother(label),
    }),
    note: (label) => {
      names.note(label);
      referred.note(label);
    },
  };
}

const nameOf = ({ key, value }: LabelState): string => JSON.stringify([key, value]);
