/**
 * Kubelink's credential for the cluster's NATS: asked of clas-cache with the cluster's id and token, kept on disk for a
 * restart without clas-cache, renewed at half of its life. A refusal at the start ends the process: only a person can help.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CredentialResponse } from '@ringfence/contracts';
import { StartRefused } from '@ringfence/service-host';

const ANSWER_WITHIN_MS = 5_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
const LOOK_EVERY_MS = 30_000;

export interface CredentialOptions {
  readonly clasUrl: string;
  readonly cluster: string;
  readonly token: string;
  readonly directory: string | undefined;
  readonly signal: AbortSignal;
}

/** clas-cache answered, and it was no. */
class Refused extends Error {}

export class ClusterCredential {
  private credential: CredentialResponse | undefined;
  private obtainedAt = Date.now();
  private problem: string | null = 'no credential yet';

  constructor(private readonly options: CredentialOptions) {
    this.credential = this.stored();
  }

  /** Waits for clas-cache; throws StartRefused when it knows neither this cluster nor this token. */
  async obtain(): Promise<CredentialResponse> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.renew();
      } catch (error) {
        if (error instanceof Refused) throw new StartRefused(error.message);
        this.problem = `clas-cache gives no credential: ${words(error)}`;
        if (this.credential !== undefined) return this.credential;
        await sleep(pauseMs * (0.75 + Math.random() / 2), undefined, { signal: this.options.signal });
      }
    }
  }

  current(): CredentialResponse {
    if (this.credential === undefined) throw new Error('the credential was asked for before it was obtained');
    return this.credential;
  }

  availability(): true | string {
    const isValid = this.credential !== undefined && Date.parse(this.credential.expiresAt) > Date.now();
    return isValid || (this.problem ?? 'the credential has expired');
  }

  /** Until the signal ends it. A failed renewal is tried again; the old credential is good until it expires. */
  keepFresh(): void {
    const timer = setInterval(() => {
      const lifeMs = Date.parse(this.current().expiresAt) - this.obtainedAt;
      if (Date.now() < this.obtainedAt + lifeMs / 2) return;
      this.renew().catch((error: unknown) => {
        this.problem = `the credential could not be renewed: ${words(error)}`;
      });
    }, LOOK_EVERY_MS);
    this.options.signal.addEventListener('abort', () => clearInterval(timer));
  }

  private async renew(): Promise<CredentialResponse> {
    const { clasUrl, cluster, token } = this.options;
    const response = await fetch(new URL('/v1/credentials', clasUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'kubelink', cluster, token }),
      signal: AbortSignal.any([this.options.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    if (response.status === 401 || response.status === 403) {
      await response.body?.cancel();
      throw new Refused(
        `${clasUrl} refuses the cluster id or the cluster token: check CLUSTER_ID and CLUSTER_TOKEN`,
      );
    }
    if (!response.ok) throw new Error(`${clasUrl} answered ${response.status}`);
    const credential = CredentialResponse.parse(await response.json());
    this.credential = credential;
    this.obtainedAt = Date.now();
    this.problem = null;
    this.store(credential);
    return credential;
  }

  private stored(): CredentialResponse | undefined {
    if (this.options.directory === undefined) return undefined;
    try {
      const kept = CredentialResponse.parse(
        JSON.parse(readFileSync(join(this.options.directory, 'credential.json'), 'utf8')),
      );
      return kept.cluster === this.options.cluster && Date.parse(kept.expiresAt) > Date.now()
        ? kept
        : undefined;
    } catch {
      // None yet, or half of one: it is asked for.
      return undefined;
    }
  }

  private store(credential: CredentialResponse): void {
    const { directory } = this.options;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, 'credential.json'), JSON.stringify(credential), { mode: 0o600 });
  }
}

function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
