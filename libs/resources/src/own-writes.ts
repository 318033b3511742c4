/**
 * A caller sees what it wrote, here and elsewhere, by its next call. An owner says with each answer how far its events go that were
 * written for it; the gateway brings that with the caller's later calls; and who answers one of those waits until what others
 * decided up to there has reached it.
 */
import { CallError } from '@ringfence/bus';
import { SAID_CALLS } from '@ringfence/contracts';
import type { Owner, Positions, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { TooLate, written } from '@ringfence/event-store';
import type { EventStore, KeptMessages, Relay } from '@ringfence/event-store';
import { cameTrue } from '@ringfence/retrying';
import type { z } from 'zod';

/** Longer than a reader of the stream takes to notice that its server has fallen silent (12 s), and well before the call's own deadline: what its caller has given up is not begun. */
const WITHIN_MS = 15_000;
const STREAM = 'EVENTS';

type Said = (typeof SAID_CALLS)[Owner];
type SaidRequest = z.output<Said['request']>;

/** The bus, as far as this needs it. */
export interface OwnersBus {
  kept(stream: string): Promise<KeptMessages>;
  call(contract: Said, request: SaidRequest, options: { readonly deadlineMs: number }): Promise<unknown>;
}

export interface HearingParts {
  readonly bus: OwnersBus;
  /** Whom it hears; and what those decide from. */
  readonly owners: { readonly [O in Owner]?: readonly Owner[] };
  /** All that it reads of the stream up to this place is taken in. */
  readonly hasPassed: (seq: number) => Promise<boolean>;
  readonly withinMs?: number;
}

/** For `hasPassed`, of durables. */
export const allPass =
  <Lane>(bus: { hasPassed(lane: Lane, seq: number): Promise<boolean> }, lanes: readonly Lane[]) =>
  async (seq: number): Promise<boolean> =>
    (await Promise.all(lanes.map((lane) => bus.hasPassed(lane, seq)))).every(Boolean);

/** Throws CallError when it has not arrived in time. */
export type UntilHeard = (after: Positions | undefined) => Promise<void>;

export function hearing({ withinMs = WITHIN_MS, ...parts }: HearingParts): UntilHeard {
  const heard: { [O in Owner]?: Positions } = {};
  const hear = async (owner: Owner, asked: Positions): Promise<void> => {
    const until = performance.now() + withinMs;
    const { [owner]: position, ...after } = asked;
    const request = {
      ...(position !== undefined && { position }),
      ...(Object.keys(after).length > 0 && { after }),
    };
    await parts.bus.call(SAID_CALLS[owner], request, { deadlineMs: withinMs });
    const { last } = await parts.bus.kept(STREAM);
    if (!(await cameTrue(() => parts.hasPassed(last), until - performance.now()))) throw notHeard(owner);
    heard[owner] = later(heard[owner], asked);
  };
  return async (after) => {
    if (after === undefined) return;
    const asked = Object.entries(parts.owners).flatMap(([name, sources]) => {
      const owner = name as Owner;
      const news = newsOf([owner, ...sources], after, heard[owner]);
      return news === null ? [] : [hear(owner, news)];
    });
    await Promise.all(asked);
  };
}

/** Null: all of it is known. */
function newsOf(owners: readonly Owner[], after: Positions, heard: Positions = {}): Positions | null {
  const news = owners.filter((owner) => (after[owner] ?? 0) > (heard[owner] ?? 0));
  return news.length === 0 ? null : Object.fromEntries(news.map((owner) => [owner, after[owner]]));
}

function later(one: Positions = {}, other: Positions): Positions {
  const owners = [...new Set([...Object.keys(one), ...Object.keys(other)])] as Owner[];
  return Object.fromEntries(owners.map((each) => [each, Math.max(one[each] ?? 0, other[each] ?? 0)]));
}

const notHeard = (owner: Owner): CallError =>
  CallError.of(
    'ABORTED',
    'not_yet_heard',
    `what you wrote before has not come here from ${owner} yet; try again`,
  );

/** An owner's answers, each with what its caller wrote before in sight. */
export function seeingOwnWrites(
  untilHeard: UntilHeard,
  answer: (request: ResourceRequest) => Promise<ResourceResponse>,
): (request: ResourceRequest) => Promise<ResourceResponse> {
  return async (request) => {
    await untilHeard(request.after);
    const { result, position } = await written(() => answer(request), request).catch(sayTooLate);
    return position === undefined ? result : { ...result, position };
  };
}

function sayTooLate(error: unknown): never {
  if (!(error instanceof TooLate)) throw error;
  throw CallError.of(
    'DEADLINE_EXCEEDED',
    'request_timeout',
    'it took too long and was not done; ask for less',
  );
}

/** The answer to `said`: when it is on the stream. What a database put back to an older state has lost is waited for by nobody. */
export function saying(
  store: Pick<EventStore, 'lastPosition'>,
  relay: Pick<Relay, 'said'>,
  untilHeard: UntilHeard,
): (request: SaidRequest) => Promise<Record<string, never>> {
  return async ({ position = 0, after }) => {
    await untilHeard(after);
    const last = await store.lastPosition();
    const upto = after === undefined ? Math.min(position, last) : last;
    if (!(await relay.said(upto, WITHIN_MS)))
      throw CallError.of(
        'ABORTED',
        'not_yet_heard',
        'what you wrote before is not on the stream yet; try again',
      );
    return {};
  };
}
