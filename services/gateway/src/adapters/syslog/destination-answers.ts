/** `settings/syslog/destinations` over REST. What is written holds in this process at once, in another one within seconds. */
import { bodyErrors, SyslogDestinationCreate, SyslogDestinationUpdate } from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import { Refusal, refuse } from '../../domain/refusal.js';
import type { Answer } from '../answers/answer.js';
import { collectionReply, maxResults } from '../answers/owner-answers.js';
import { uuidOf } from '../answers/uuid-of.js';
import {
  addDestination,
  changeDestination,
  findDestination,
  listDestinations,
  MOST_DESTINATIONS,
  removeDestination,
} from './destinations.store.js';

const COLLECTION = 'settings/syslog/destinations';

export function destinationAnswers(
  entities: EntityManager,
  changed: () => Promise<void>,
): Readonly<Record<string, Answer>> {
  const gone = (): Error => refuse('not_found_error', 'there is no such syslog destination');
  return {
    [`${COLLECTION} list`]: async (request) =>
      collectionReply({ body: await listDestinations(entities) }, maxResults(request) ?? 500),
    [`${COLLECTION} get`]: async (request) => {
      const found = await findDestination(entities, uuidOf(request));
      if (found === undefined) throw gone();
      return { status: 200, body: found };
    },
    [`${COLLECTION} create`]: async ({ body }) => {
      const made = await addDestination(entities, SyslogDestinationCreate.parse(body));
      if (made === undefined)
        throw refuse('input_validation_error', `there are ${MOST_DESTINATIONS} destinations: delete one`);
      await changed();
      return { status: 201, body: made, headers: { location: made.href } };
    },
    [`${COLLECTION} update`]: async (request) => {
      const { href: _, ...change } = SyslogDestinationUpdate.parse(request.body);
      const isThere = await changeDestination(entities, uuidOf(request), (before) => {
        const after = SyslogDestinationCreate.safeParse({ ...before, ...change });
        if (!after.success) throw new Refusal(406, bodyErrors(after.error));
        return after.data;
      });
      if (!isThere) throw gone();
      await changed();
      return { status: 204 };
    },
    [`${COLLECTION} delete`]: async (request) => {
      if (!(await removeDestination(entities, uuidOf(request)))) throw gone();
      await changed();
      return { status: 204 };
    },
  };
}
