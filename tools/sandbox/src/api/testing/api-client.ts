/** A client of the API server for its tests: plain requests over TLS, and watches read line by line with a time limit. */
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import type { KubeObject } from '../kube-object.js';
import type { ApiServer } from '../server.js';

export interface Answer<Body = KubeObject> {
  code: number;
  body: Body;
}

export interface WatchEvent {
  type: string;
  object: KubeObject & { code?: number; reason?: string };
}

export interface Watch {
  /** The next event; rejects after two seconds without one. */
  next(): Promise<WatchEvent>;
  /** Resolves to true when the server ends the watch in order, to false when it breaks it off. */
  ended(): Promise<boolean>;
  close(): void;
}

interface Sent {
  body?: unknown;
  type?: string;
  accept?: string;
  token?: string;
  headers?: Readonly<Record<string, string | string[]>>;
}

/** Milliseconds, for what never comes: not an expectation. */
const patience = 30_000;

export class ApiClient {
  private readonly agent: https.Agent;

  constructor(private readonly server: ApiServer) {
    this.agent = new https.Agent({ ca: server.ca, keepAlive: true });
  }

  async get<Body = KubeObject>(path: string, accept?: string): Promise<Answer<Body>> {
    return this.send<Body>('GET', path, accept === undefined ? {} : { accept });
  }

  async post<Body = KubeObject>(path: string, body: unknown): Promise<Answer<Body>> {
    return this.send<Body>('POST', path, { body });
  }

  async put<Body = KubeObject>(path: string, body: unknown): Promise<Answer<Body>> {
    return this.send<Body>('PUT', path, { body });
  }

  async delete<Body = KubeObject>(path: string, body?: unknown): Promise<Answer<Body>> {
    return this.send<Body>('DELETE', path, { body });
  }

  async patch<Body = KubeObject>(
    path: string,
    kind: 'json' | 'merge' | 'strategic-merge',
    body: unknown,
  ): Promise<Answer<Body>> {
    return this.send<Body>('PATCH', path, {
      body,
      type: kind === 'json' ? 'application/json-patch+json' : `application/${kind}-patch+json`,
    });
  }

  async apply<Body = KubeObject>(path: string, manager: string, body: unknown): Promise<Answer<Body>> {
    return this.send<Body>('PATCH', `${path}?fieldManager=${manager}`, {
      body,
      type: 'application/apply-patch+yaml',
    });
  }

  async send<Body>(method: string, path: string, sent: Sent = {}): Promise<Answer<Body>> {
    const response = await this.exchange(method, path, sent);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const isJson = response.headers['content-type']?.includes('json') ?? false;
    return { code: response.statusCode ?? 0, body: (isJson ? JSON.parse(text) : text) as Body };
  }

  async watch(path: string): Promise<Watch> {
    return openWatch(await this.exchange('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true`, {}));
  }

  close(): void {
    this.agent.destroy();
  }

  private exchange(method: string, path: string, sent: Sent): Promise<IncomingMessage> {
    const { body } = sent;
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${sent.token ?? this.server.token}`,
      accept: sent.accept ?? 'application/json',
      'content-type': sent.type ?? 'application/json',
      'content-length': Buffer.byteLength(text),
      ...sent.headers,
    };
    return new Promise((resolve, reject) => {
      const request = https.request(
        new URL(path, this.server.url),
        { method, headers, agent: this.agent },
        resolve,
      );
      request.on('error', reject);
      request.end(text);
    });
  }
}

function openWatch(response: IncomingMessage): Watch {
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const ended = new Promise<boolean>((resolve) => {
    response.on('end', () => resolve(response.complete));
    response.on('aborted', () => resolve(false));
    response.on('error', () => resolve(false));
  });
  return {
    next: async () => {
      const { value, done } = await withinPatience(lines.next());
      if (done === true) throw new Error('the watch has ended');
      return JSON.parse(value) as WatchEvent;
    },
    ended: () => withinPatience(ended),
    close: () => response.destroy(),
  };
}

async function withinPatience<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing happened within ${patience} ms`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `read` gives a value, looking again every few milliseconds. */
export async function eventually<Value>(read: () => Value | undefined | false, what: string): Promise<Value> {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = read();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
