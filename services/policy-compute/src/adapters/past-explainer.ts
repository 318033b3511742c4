/**
 * Answers `explain` about a moment of the past. Nothing is kept for it: the version that was in force then is read from the history of
 * versions; labels and modes of both ends, and what was not in force, whoever asks brings along from their owners' events. It is judged by
 * labels, with the ends alone: the cost is that of computing the rules of one version for two label sets.
 */
import type { CALLS, ExplainRequest, ExplainResponse } from '@ringfence/contracts';
import { GLOBAL } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import type { EventStore } from '@ringfence/event-store';
import type { z } from 'zod';
import { explainByLabels } from '../domain/explanation.js';
import type { ExplainWorld } from '../domain/explanation.js';
import type { LabelFact } from '../domain/facts.js';
import { withOrigins } from '../domain/label-origins.js';
import { factsOf, withAlarms } from '../domain/past-world.js';
import { policyObjects } from '../domain/policy-book.js';
import { PolicyPreview } from '../domain/policy-preview.js';
import { ruleNames } from '../domain/rule-names.js';
import { bookAt } from '../read/book-at.js';

type Request = z.output<typeof ExplainRequest>;
export type Moment = NonNullable<z.output<(typeof CALLS)['explain']['request']>['then']>;

export interface PastParts {
  readonly store: EventStore;
  /** Of today: what is there still means what it meant, for a label's type never changes. */
  readonly labels: ReadonlyMap<string, LabelFact>;
}

export async function explainPast(
  request: Request,
  moment: Moment,
  parts: PastParts,
): Promise<ExplainResponse | Rejection> {
  const { at, since } = moment;
  if (request.policy === 'draft')
    return reject('input-validation-error', 'at: a draft is not kept as it was', 'INVALID_ARGUMENT');
  if (Date.parse(at) > Date.now())
    return reject('moment-in-future', `at: ${at} is yet to come`, 'INVALID_ARGUMENT');
  const oldest = later(since, await parts.store.beganAt());
  if (oldest === null || Date.parse(at) < Date.parse(oldest)) {
    const message = `at: nothing is kept of ${at}; the oldest moment that can be asked is ${oldest ?? 'not there yet'}`;
    return reject('moment-not-kept', message, 'INVALID_ARGUMENT');
  }
  return judged(request, moment, parts);
}

const later = (a: string | null, b: string | null): string | null =>
  a !== null && b !== null ? (Date.parse(a) > Date.parse(b) ? a : b) : null;

async function judged(
  request: Request,
  { at, alarms, ...then }: Moment,
  parts: PastParts,
): Promise<ExplainResponse | Rejection> {
  const { cluster: wanted } = request;
  const there = then.entities.filter(
    ({ cluster }) => wanted === undefined || cluster === wanted || cluster === GLOBAL,
  );
  const entities = new Map(there.map((entity) => [entity.id, entity]));
  const labels = new Map([...parts.labels, ...then.labels.map((label) => [label.id, label] as const)]);
  const book = await bookAt(parts.store, at);
  const objects = policyObjects(book, 'active');
  const standings = new PolicyPreview(factsOf(there, labels.values())).with(objects);
  const names = ruleNames(book, 'active');
  const world: ExplainWorld = {
    ...{ entities, labels, objects, policyVersion: book.version },
    standing: (cluster) => standings.get(cluster),
    ruleName: (ref) => names.get(ref) ?? ref,
  };
  const answer = explainByLabels(request, world, `as it was at ${at}`);
  if ('reason' in answer) return answer;
  return { ...withAlarms(withOrigins(answer, entities, labels), entities, alarms), at };
}
