/**
 * Reading what came over NATS: a payload in its form, and who sent it. Who speaks is said by the subject, which the server
 * enforces, and by nothing else: a payload that names another node is refused and recorded.
 */
import { PermanentError } from '@ringfence/bus';
import { idOfToken, parseSubject } from '@ringfence/contracts';
import type { AgentRefusal } from '@ringfence/contracts';
import type { z } from 'zod';

/** Throws PermanentError. */
export function read<T>(schema: z.ZodType<T>, subject: string, payload: unknown): T {
  const result = schema.safeParse(payload);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new PermanentError('unreadable', `${subject}: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** The node whose credential allowed the subject: its last token. Throws PermanentError for what no credential of a node allows. */
export function senderOf(subject: string): string {
  const node = idOfToken(parseSubject(subject).token);
  if (node === null) throw new PermanentError('unreadable', `${subject} names no node`);
  return node;
}

export type Claim = AgentRefusal['claims'][number]['claim'];

/** A node's credential was used to speak for another. */
export class ForeignClaim extends PermanentError {
  constructor(
    readonly node: string,
    readonly claim: Claim,
    readonly detail: string,
  ) {
    super('foreign-node', `${node} said with its ${claim}: ${detail}`);
  }
}

/** The payload, once it is known to be of the node that the subject names. */
export function ownWord<T extends { readonly node: string }>(claim: Claim, subject: string, said: T): T {
  const sender = senderOf(subject);
  if (said.node !== sender) throw new ForeignClaim(sender, claim, `it is of ${said.node}`);
  return said;
}
