/** Columns that entities of several services have. */
import type { EntitySchemaColumnOptions } from 'typeorm';

/** A bigint that stays below 2^53, as a number: positions, revisions. Postgres' driver would make text of it. */
export const WHOLE_NUMBER = {
  type: 'bigint',
  transformer: { to: (value: unknown) => value, from: Number },
} as const satisfies EntitySchemaColumnOptions;
