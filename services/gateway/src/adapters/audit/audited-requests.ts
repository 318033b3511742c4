/**
 * Requests that change something, as the audit trail tells them: written down before they are done, and again with how they ended before
 * they are answered. What cannot be written down is not done.
 */
import { written } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { randomUUID } from 'node:crypto';
import { creatorOf } from '../../domain/rest-request.js';
import type { RestReply } from '../../domain/rest-request.js';
import { internalFault, Refusal } from '../../domain/refusal.js';
import { wordsOfRequest } from '../../domain/request-words.js';
import type { RequestWords } from '../../domain/request-words.js';
import { beginRequest, endRequest } from '../../read/audit-events.js';
import type { AuditedRequest, RequestEnd } from '../../read/audit-events.js';
import type { RawRequest, Rest } from '../answers/rest.js';
import type { Forwarding } from '../syslog/forwarding.js';
import { refusedItems, resourceChanges } from './request-changes.js';

export interface AuditedParts {
  readonly store: EventStore;
  readonly forwarding: Pick<Forwarding, 'event'>;
  /** Told of what was done and could not be written down as such: it stays in the trail as unanswered. */
  readonly onError: (error: unknown) => void;
}

/** As many of a bulk call's refusals are in its event. */
const MOST_ERRORS = 100;

export function auditing(rest: Rest, { store, forwarding, onError }: AuditedParts): Rest {
  const ended = async (request: AuditedRequest, end: RequestEnd): Promise<void> => {
    try {
      forwarding.event(await endRequest(store.entities, request, end));
    } catch (error) {
      onError(error);
    }
  };
  return async (raw) => {
    const words = wordsOfRequest(raw.match.route);
    if (words === null) return rest(raw);
    const request = auditedRequest(raw, words);
    await beginRequest(store.entities, request);
    try {
      const { result: reply } = await written(() => rest(raw), { request: raw.id });
      await ended(request, endOf(raw, words, reply));
      return reply;
    } catch (error) {
      const { status, errors } = error instanceof Refusal ? error : internalFault(raw.id);
      await ended(request, { status, errors, resourceChanges: [] });
      throw error;
    }
  };
}

const auditedRequest = (
  { id, match, path, ip, caller }: RawRequest,
  { eventType }: RequestWords,
): AuditedRequest => ({
  ...{ id, eventType, path, ip, method: match.route.method, at: new Date() },
  createdBy: creatorOf(caller),
});

function endOf(raw: RawRequest, words: RequestWords, reply: RestReply): RequestEnd {
  const changes = resourceChanges(words, {
    ...{ path: raw.path, op: raw.match.route.op, body: bodyOf(raw), answer: reply.body },
    ...{ change: reply.change, changes: reply.changes },
  });
  return {
    status: reply.status,
    errors: refusedItems(reply.body).slice(0, MOST_ERRORS),
    resourceChanges: changes.map((each) => ({ uuid: randomUUID(), ...each })),
  };
}

/** It was read before: whoever answered has taken it. */
function bodyOf({ text }: RawRequest): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
