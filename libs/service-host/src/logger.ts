/** Structured logs on stdout: JSON, one line each, with the ids of the active trace. Known secrets are cut out. */
import { VERSION } from '@ringfence/contracts';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { activeTraceIds } from './telemetry.js';

const SECRETS = ['token', 'jwt', 'seed', 'password', 'secret', 'pairingKey', 'authorization', 'signingSeed'];

export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service, version: VERSION },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: activeTraceIds,
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[cut]' },
  });
}
