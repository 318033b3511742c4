/** Reading what came over NATS: a payload in its form, and who sent it. */
import { PermanentError } from '@ringfence/bus';
import { idOfToken } from '@ringfence/contracts';
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
  const node = idOfToken(subject.split('.').at(-1) ?? '');
  if (node === null) throw new PermanentError('unreadable', `${subject} names no node`);
  return node;
}
