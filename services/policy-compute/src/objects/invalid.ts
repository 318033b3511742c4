/** What is wrong with a body or a draft beyond the reach of its schema. */
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';

/** Thrown from deep inside a body that is read; the door to REST makes a refusal of it. */
export class InvalidBody extends Error {
  override readonly name = 'InvalidBody';
}

/** What a check of the domain answers. `message` begins with the field. */
export const invalid = (message: string): Rejection =>
  reject('input-validation-error', message, 'INVALID_ARGUMENT');

export const unique = (ids: readonly string[]): string[] => [...new Set(ids)];
