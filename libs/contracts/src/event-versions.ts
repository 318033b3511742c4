/**
 * What was once written stays as it was written: an event type is a row of versions, and each later one says how the one
 * before is read as it. Stores and consumers see only the newest (`readEvent`).
 */
import type { z } from 'zod';

export interface EventVersion {
  readonly schema: z.ZodType;
  /** The data of the version before, as this version says it. Pure; null stands for what the older one did not say. */
  readonly upcast?: (data: unknown) => unknown;
}
export interface EventContract<S extends z.ZodType = z.ZodType> {
  readonly owner: string;
  /** Entity segment of `evt.<cluster>.<entity>.<id>`. */
  readonly entity: string;
  /** Oldest first; version n is at n - 1. */
  readonly versions: readonly EventVersion[];
  /** The newest: what is written. */
  readonly v: number;
  readonly schema: S;
}

export const event = <S extends z.ZodType>(owner: string, entity: string, schema: S): EventContract<S> => ({
  owner,
  entity,
  versions: [{ schema }],
  v: 1,
  schema,
});

/** The same event, one version later. */
export const raised = <Old extends z.ZodType, New extends z.ZodType>(
  contract: EventContract<Old>,
  schema: New,
  upcast: (data: z.output<Old>) => z.output<New>,
): EventContract<New> => ({
  ...contract,
  versions: [...contract.versions, { schema, upcast: (data) => upcast(data as z.output<Old>) }],
  v: contract.v + 1,
  schema,
});
