/** `reset-password`: of whoever lost it. Prints another one, ends his sessions, and says so in the audit trail. */
import { resetPassword as reset } from '@ringfence/gateway/reset-password';
import { EXIT, Failure, withFilledDatabase } from '../task.js';
import type { Perform } from '../task.js';

export const resetPassword =
  (username: string): Perform =>
  (task) =>
    withFilledDatabase(task, async () => {
      const config = { DATABASE_URL: task.env['DATABASE_URL'] ?? '' };
      const password = await reset({ config, signal: task.signal }, username);
      if (password === undefined) throw new Failure(EXIT.failed, `there is no user ${username}`);
      task.write(`${username} can log in with: ${password}\n`);
    });
