/** The environment of the gateway. */
import { z } from 'zod';

const FIRST_ADMINISTRATOR = /^([^\s:]{1,255})(?::(.{12,256}))?$/;
const BOOTSTRAP_KEY = /^api_[0-9a-f]{8,64}:[\x21-\x7e]{32,200}$/;

export const Config = z
  .object({
    NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
    /** Path of a credentials file (JWT and seed); empty: a server without authentication. */
    NATS_CREDS: z.string().default(''),
    /** Path of the CA that our servers' certificates are verified by; none: the system's. */
    RINGFENCE_CA: z.string().default(''),
    DATABASE_URL: z.string().min(1),
    RINGFENCE_HOST: z.string().min(1).default('127.0.0.1'),
    RINGFENCE_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
    /** Paths of PEM files; both or none. */
    RINGFENCE_TLS_CERT: z.string().default(''),
    RINGFENCE_TLS_KEY: z.string().default(''),
    /** Directory of the web console's files (`services/console/dist/site`); none: there is no console. */
    RINGFENCE_CONSOLE: z.string().optional(),
    /** `api_<hex>:<secret>`: a key that is made known at the start if it is not known yet. */
    RINGFENCE_BOOTSTRAP_API_KEY: z
      .string()
      .regex(BOOTSTRAP_KEY, 'must be api_<8 to 64 hex digits>:<secret of at least 32 random characters>')
      .optional(),
    /** `<user name>:<password>`, or the name alone: the user that is made at the first start. Known already: left as he is. */
    RINGFENCE_FIRST_ADMINISTRATOR: z
      .string()
      .regex(FIRST_ADMINISTRATOR, 'must be <user name>[:<password of at least 12 characters>]')
      .default('admin@ringfence.local')
      .transform((pair) => {
        const [, username = '', password] = FIRST_ADMINISTRATOR.exec(pair) ?? [];
        return { username, password };
      }),
    /** Requests a minute and key. */
    RINGFENCE_RATE_LIMIT: z.coerce.number().int().min(1).max(1_000_000).default(500),
    /** A whole request, body included, must have arrived within so many seconds. */
    RINGFENCE_ARRIVAL_SECONDS: z.coerce.number().min(1).max(600).default(30),
    /** Open connections, in all and from one address; more are closed at once. */
    RINGFENCE_CONNECTIONS: z.coerce.number().int().min(1).max(100_000).default(4_000),
    RINGFENCE_CONNECTIONS_PER_ADDRESS: z.coerce.number().int().min(1).max(100_000).default(400),
    /** Largest body of a request, in bytes. */
    RINGFENCE_BODY_LIMIT: z.coerce.number().int().min(1_024).max(16_000_000).default(12_000_000),
  })
  .refine((config) => (config.RINGFENCE_TLS_CERT === '') === (config.RINGFENCE_TLS_KEY === ''), {
    path: ['RINGFENCE_TLS_KEY'],
    message: 'certificate and key come together',
  });
export type Config = z.output<typeof Config>;
