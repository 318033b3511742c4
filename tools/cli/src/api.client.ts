/** The REST API as the commands use it: every refusal becomes one readable message, every silence a hint where to look. */
import { EXIT, Failure } from './failure.js';
import type { Settings } from './settings.js';

/** Longer than the gateway itself waits for anybody. */
const TIMEOUT_MS = 45_000;
const MOST = 100_000;

export interface ApiClient {
  get<T>(path: string, query?: Readonly<Record<string, string>>): Promise<T>;
  /** All of a collection. */
  all<T>(path: string, query?: Readonly<Record<string, string>>): Promise<T[]>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** With what `put` and `remove` name, to be refused where somebody has changed it since. */
  tagged<T>(path: string): Promise<{ readonly body: T; readonly etag: string }>;
  put<T = void>(path: string, body: unknown, ifMatch?: string): Promise<T>;
  remove(path: string, ifMatch?: string): Promise<void>;
  /** Server-sent events, until the signal. */
  events(path: string, signal: AbortSignal): AsyncIterable<{ event: string; data: unknown }>;
}

export function apiClient(settings: Settings): ApiClient {
  const authorization = `Basic ${Buffer.from(`${settings.key}:${settings.secret}`).toString('base64')}`;

  const send = async (
    method: string,
    path: string,
    options: { body?: unknown; ifMatch?: string | undefined; signal?: AbortSignal } = {},
  ): Promise<Response> => {
    const href = placeOf(path, settings.org);
    const response = await fetch(`${settings.url}/api/v2${href}`, {
      method,
      headers: {
        authorization,
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }),
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw unreachable(settings.url, cause);
    });
    if (!response.ok) throw await refusal(response, method, href);
    return response;
  };
  const json = async <T>(response: Response): Promise<T> => {
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  const withQuery = (path: string, query: Readonly<Record<string, string>> = {}): string => {
    const text = new URLSearchParams(query).toString();
    return text === '' ? path : `${path}?${text}`;
  };

  return {
    get: async (path, query) => json(await send('GET', withQuery(path, query))),
    all: async (path, query) =>
      json(await send('GET', withQuery(path, { max_results: String(MOST), ...query }))),
    post: async (path, body) => json(await send('POST', path, { body })),
    tagged: async <T>(path: string) => {
      const response = await send('GET', path);
      return { etag: response.headers.get('etag') ?? '', body: await json<T>(response) };
    },
    put: async (path, body, ifMatch) => json(await send('PUT', path, { body, ifMatch })),
    remove: async (path, ifMatch) => {
      await (await send('DELETE', path, { ifMatch })).text();
    },
    events: async function* (path, signal) {
      const response = await send('GET', path, { signal });
      yield* readEvents(response, signal);
    },
  };
}

/** An href has its organisation, `//health` needs none, a collection is named below it. */
function placeOf(path: string, org: string): string {
  if (path.startsWith('//')) return path.slice(1);
  return path.startsWith('/orgs/') ? path : `/orgs/${org}${path}`;
}

async function* readEvents(
  response: Response,
  signal: AbortSignal,
): AsyncIterable<{ event: string; data: unknown }> {
  try {
    for await (const block of blocksOf(response)) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) as unknown };
    }
  } catch (cause) {
    if (signal.aborted) return;
    throw new Failure(EXIT.unreachable, 'The server ended the stream. Start again.', { cause });
  }
}

/** Events are divided by an empty line. */
async function* blocksOf(response: Response): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of response.body ?? []) {
    rest += decoder.decode(bytes as Uint8Array, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    yield* blocks;
  }
}

function unreachable(url: string, cause: unknown): Failure {
  const inner = (cause as { cause?: { code?: string } }).cause?.code;
  const why = inner ?? (cause instanceof Error ? cause.name : 'unknown reason');
  return new Failure(
    EXIT.unreachable,
    `Cannot reach ${url} (${why}). Is it running? \`npm start\` starts the local stack; RINGFENCE_URL says where to look.`,
    { cause },
  );
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'Check RINGFENCE_API_KEY and RINGFENCE_API_SECRET.',
  403: 'This key, or organisation, may not do that. RINGFENCE_ORG_ID is 1.',
  412: 'Somebody has changed it since it was looked at: look again, and do it again if it is still wanted.',
  429: 'Wait a moment and try again.',
  503: 'A part of the control plane does not answer. `ringfence status` says which; try again.',
};

async function refusal(response: Response, method: string, href: string): Promise<Failure> {
  const errors = readErrors(await response.text().catch(() => ''));
  const hint = HINTS[response.status];
  const lines = errors.length === 0 ? [`${method} ${href} answered ${String(response.status)}`] : errors;
  const code = response.status === 503 ? EXIT.unreachable : EXIT.refused;
  return new Failure(code, [...lines, ...(hint === undefined ? [] : [hint])].join('\n'));
}

function readErrors(text: string): string[] {
  try {
    const parsed = JSON.parse(text) as { token?: string; message?: string }[];
    return parsed.map(({ token, message }) => `${message ?? ''} (${token ?? 'no token'})`);
  } catch {
    return [];
  }
}
