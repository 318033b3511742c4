/** The id at the end of a path whose objects have uuids: what is none names nothing. */
import { refuse } from '../../domain/refusal.js';
import type { RestRequest } from '../../domain/rest-request.js';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

export function uuidOf({ match }: RestRequest): string {
  const id = match.ids[0] ?? '';
  if (!UUID.test(id)) throw refuse('not_found_error', `there is no ${id}`);
  return id;
}
