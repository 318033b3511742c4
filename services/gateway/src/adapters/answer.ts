/** Whoever answers a route. */
import type { RestReply, RestRequest } from '../domain/exchange.js';

export type Answer = (request: RestRequest) => Promise<RestReply>;
