/** Nest's own messages in our log. Its start-up chatter is debug for us. */
import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

export function nestLogger(logger: Logger): LoggerService {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal') =>
    (message: unknown, ...rest: unknown[]): void => {
      // Nest hands in (message, …, stack?, context) with everything but the message optional.
      const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
      const details = rest.slice(0, context === undefined ? undefined : -1);
      const error = [message, ...details].find((part) => part instanceof Error);
      logger[level](
        { context, ...(error !== undefined && { err: error }), ...(details.length > 0 && { details }) },
        String(message),
      );
    };
  return {
    log: write('debug'),
    debug: write('debug'),
    verbose: write('debug'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
  };
}
