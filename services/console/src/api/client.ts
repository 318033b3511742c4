/**
 * Asks the REST API that this page was served with. Answers are believed to be of their contract's form: they come from the
 * same release.
 */
import type { Credential } from './credential.js';

const WITHIN_MS = 10_000;

export interface Api {
  /** `path` below /api/v2. Throws KeyRefused, or an Error whose message can be shown. */
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
}

/** The key is not, or no longer, good for this. */
export class KeyRefused extends Error {
  override readonly name = 'KeyRefused';
}

export function apiClient({ key, secret }: Credential): Api {
  const authorization = `Basic ${btoa(`${key}:${secret}`)}`;
  return {
    get: async <T>(path: string, signal?: AbortSignal) => {
      const late = AbortSignal.timeout(WITHIN_MS);
      const response = await answer(path, {
        headers: { authorization },
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      });
      return (await response.json()) as T;
    },
  };
}

async function answer(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/v2${path}`, { ...init, credentials: 'omit' });
  } catch (cause) {
    const isLate = cause instanceof DOMException && cause.name === 'TimeoutError';
    throw new Error(isLate ? 'the gateway does not answer in time' : 'the gateway cannot be reached', {
      cause,
    });
  }
  if (response.ok) return response;
  const words = await wordsOf(response);
  throw response.status === 401 || response.status === 403 ? new KeyRefused(words) : new Error(words);
}

/** Refusals are arrays of token and message; something between us and the gateway may say anything. */
async function wordsOf(response: Response): Promise<string> {
  const body = (await response.json().catch(() => undefined)) as unknown;
  const first = Array.isArray(body) ? (body[0] as { message?: unknown } | undefined) : undefined;
  return typeof first?.message === 'string' ? first.message : `the gateway answers ${response.status}`;
}
