/** `rebuild`: the read tables of a service anew from its events, beside the live ones, while it runs. */
import { lastPosition, rebuildProjection } from '@ringfence/event-store';
import type { Projection } from '@ringfence/event-store';
import { EXIT, Failure, withFilledDatabase } from '../task.js';
import type { Database, Perform, Task } from '../task.js';

/** Without names: all of them. */
export const rebuild =
  (names: readonly string[]): Perform =>
  (task) => {
    const chosen = choose(task, names);
    return withFilledDatabase(task, async (database) => {
      for (const projection of chosen) await buildAnew(task, database, projection);
    });
  };

function choose({ service: { database } }: Task, names: readonly string[]): readonly Projection[] {
  const { service, projections } = database;
  if (projections.length === 0)
    throw new Failure(
      EXIT.failed,
      `${service} has no events of its own to build tables from: \`rewind ${service}\` has it read again what others said`,
    );
  const known = projections.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Failure(EXIT.usage, `${service} has no ${unknown.join(', ')}; it has: ${known.join(', ')}`);
  return names.length === 0 ? projections : projections.filter(({ name }) => names.includes(name));
}

async function buildAnew(task: Task, { source, pool }: Database, projection: Projection): Promise<void> {
  const upto = await lastPosition(pool);
  const onProgress = (position: number): void =>
    task.note(`${projection.name}: ${position} of ${Math.max(position, upto)}\n`);
  try {
    await rebuildProjection(source, projection, { signal: task.signal, onProgress });
  } catch (error) {
    if (!task.signal.aborted) throw error;
    throw new Failure(EXIT.failed, `interrupted: ${projection.name} is as it was`);
  }
  task.write(`${projection.name} is built anew\n`);
}
