/** Writes a reply on Fastify as clients of the API need it: content type exactly `application/json`, no store, ETag, request id. */
import { Readable } from 'node:stream';
import { etagOf } from '@ringfence/resources';
import type { FastifyReply } from 'fastify';
import type { RestReply } from '../../domain/rest-request.js';
import type { Refusal } from '../../domain/refusal.js';

export const JSON_TYPE = 'application/json';

export function sendReply(reply: FastifyReply, answer: RestReply): void {
  reply.code(answer.status).header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value);
  if (answer.stream !== undefined) {
    reply.header('content-type', answer.contentType ?? JSON_TYPE);
    void reply.send(Readable.from(answer.stream));
    return;
  }
  if (answer.body === undefined) {
    void reply.send();
    return;
  }
  // A buffer, because Fastify adds a charset to text, and clients compare the content type as a whole.
  const text = JSON.stringify(answer.body);
  void reply
    .header('content-type', JSON_TYPE)
    .header('etag', etagOf(answer.body, text))
    .send(Buffer.from(text));
}

export function sendRefusal(reply: FastifyReply, refusal: Refusal): void {
  sendReply(reply, { status: refusal.status, headers: refusal.headers, body: refusal.errors });
}
