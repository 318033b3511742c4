/** A database that this program does not start on: only a person can help. A host shows the line, without a stack, and ends. */

export type DatabaseRefusal = 'database_missing' | 'database_too_old' | 'migration_edited';

export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused';
  readonly exitCode = 1;
  constructor(
    readonly code: DatabaseRefusal,
    words: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${words}`, options);
  }
}
