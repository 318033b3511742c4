/** The few REST calls that the launcher makes, as any client would: over HTTP with its API key. */
export interface ApiAccess {
  readonly url: string;
  readonly org: number;
  readonly key: string;
  readonly secret: string;
}

/** Of a stack: also as whom a person logs in. */
export interface StackAccess extends ApiAccess {
  readonly username: string;
  readonly password: string;
}

/** Longer than the gateway itself waits for anybody. */
const TIMEOUT_MS = 60_000;

export class RingfenceApi {
  private readonly authorization: string;

  constructor(private readonly access: ApiAccess) {
    this.authorization = `Basic ${Buffer.from(`${access.key}:${access.secret}`).toString('base64')}`;
  }

  async get<T>(path: string): Promise<T> {
    return (await this.request('GET', path)) as T;
  }
  async post<T>(path: string, body: unknown): Promise<T> {
    return (await this.request('POST', path, body)) as T;
  }
  /** Nothing (null) is answered but to bulk calls. */
  async put<T = unknown>(path: string, body: unknown): Promise<T> {
    return (await this.request('PUT', path, body)) as T;
  }
  async remove(path: string): Promise<void> {
    await this.request('DELETE', path);
  }

  /** `path` is below the organisation (`/labels`) or an href (`/orgs/1/labels/3`). */
  private async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const href = path.startsWith('/orgs/') ? path : `/orgs/${this.access.org}${path}`;
    const response = await fetch(`${this.access.url}/api/v2${href}`, {
      method,
      headers: {
        authorization: this.authorization,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${href} answered ${response.status}: ${text.slice(0, 400)}`);
    return text === '' ? null : JSON.parse(text);
  }
}
