/** `resync`: an owner says again what others keep copies of. As `ringfence resync`, without the gateway. */
import { beginResync, resyncProgress } from '@ringfence/event-store';
import { withFilledDatabase } from '../task.js';
import type { Perform } from '../task.js';
import { watch } from '../watch.js';

export const resync: Perform = (task) => {
  const { service } = task.service.database;
  return withFilledDatabase(task, async ({ pool }) => {
    await beginResync(pool);
    const isDone = await watch(task, async () => {
      const { said, position, upto } = await resyncProgress(pool);
      const words = `${said} said again, looked through ${position} of ${upto}`;
      return { words, isDone: position === upto };
    });
    const { said } = await resyncProgress(pool);
    task.write(isDone ? `${service} has said ${said} events again\n` : `${service} goes on by itself\n`);
  });
};
