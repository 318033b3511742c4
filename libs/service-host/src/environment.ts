/** Reading the environment once, at the start: the host's own variables and the service's schema. */
import { z } from 'zod';

/** sysexits.h EX_CONFIG. */
export const CONFIGURATION_EXIT_CODE = 78;

export const HostEnvironment = z.object({
  /** Where /livez, /readyz and /metrics are served. An edge's kubelet asks from outside: 0.0.0.0 there. */
  /** Or the path of a unix socket, which only root of this machine may open. */
  RINGFENCE_MANAGEMENT_HOST: z.string().default('127.0.0.1'),
  /** 0: any free port, named in the log. */
  RINGFENCE_MANAGEMENT_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Base URL of an OTLP/HTTP receiver; without it spans stay in the process. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
});

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

/** Throws ConfigurationError with one line per variable. An empty variable counts as not set. */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
): z.output<Schema> {
  const set = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  throw new ConfigurationError(
    result.error.issues.map((issue) => {
      const variable = String(issue.path[0] ?? 'configuration');
      return set[variable] === undefined && issue.path.length > 0
        ? `${variable} is not set`
        : `${variable}: ${issue.message}`;
    }),
  );
}
