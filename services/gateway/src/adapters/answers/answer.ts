/** Whoever answers a route. */
import type { RestReply, RestRequest } from '../../domain/rest-request.js';

export type Answer = (request: RestRequest) => Promise<RestReply>;
