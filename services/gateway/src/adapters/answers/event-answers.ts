/** The audit trail (`events`) and how it is kept (`settings/events`). A caller's own requests are in it by the time they are answered. */
import { EventQuery, EventSettingsUpdate } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { Refusal, refuse } from '../../domain/refusal.js';
import type { RestRequest } from '../../domain/rest-request.js';
import { findEvent, listEvents } from '../../read/audit-list.js';
import type { EventFilter } from '../../read/audit-list.js';
import { eventSettings } from '../../read/event-settings.js';
import type { Forwarding } from '../syslog/forwarding.js';
import type { Answer } from './answer.js';
import { collectionReply, maxResults } from './owner-answers.js';
import { uuidOf } from './uuid-of.js';

export function eventAnswers(
  { entities }: Pick<EventStore, 'entities'>,
  forwarding: Pick<Forwarding, 'look'>,
): Readonly<Record<string, Answer>> {
  return {
    'events list': async (request) => {
      const limit = maxResults(request) ?? 500;
      const { total, events } = await listEvents(entities, { ...filterOf(request), limit });
      return collectionReply({ body: events, total }, limit);
    },
    'events get': async (request) => {
      const event = await findEvent(entities, uuidOf(request));
      if (event === undefined) throw refuse('not_found_error', 'there is no such event');
      return { status: 200, body: event };
    },
    'system_events list': async (request) => {
      const limit = maxResults(request) ?? 500;
      const { total, events } = await listEvents(entities, { ...filterOf(request), ofSystem: true, limit });
      return collectionReply({ body: events, total }, limit);
    },
    'system_events get': async (request) => {
      const event = await findEvent(entities, uuidOf(request));
      if (event === undefined || !('system' in event.created_by))
        throw refuse('not_found_error', 'there is no such event');
      return { status: 200, body: event };
    },
    'settings/events get': async () => ({
      status: 200,
      body: { href: '/orgs/1/settings/events', ...(await eventSettings.get(entities)) },
    }),
    'settings/events update': async ({ body }) => {
      const { href: _, ...change } = EventSettingsUpdate.parse(body);
      await eventSettings.keep(entities, change);
      await forwarding.look();
      return { status: 204 };
    },
  };
}

function filterOf({ query }: RestRequest): Omit<EventFilter, 'limit'> {
  const { data, error } = EventQuery.safeParse(query);
  if (error !== undefined)
    throw new Refusal(
      406,
      error.issues.map(({ path, message }) => ({
        token: 'input_validation_error',
        message: `${path.join('.')}: ${message}`,
      })),
    );
  return {
    createdBy: data.created_by,
    eventType: data.event_type,
    severity: data.severity,
    status: data.status,
    since: data['timestamp[gte]'],
    until: data['timestamp[lte]'],
  };
}
