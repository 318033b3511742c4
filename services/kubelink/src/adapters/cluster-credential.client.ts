/**
 * Kubelink's credential for the cluster's NATS: asked of clas-cache with the cluster's id and token, kept on disk for a
 * restart without clas-cache, renewed at half of its life. A refusal at the start ends the process: only a person can help.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAsKubelink, createKeys, CredentialRefused } from '@ringfence/bus';
import { CredentialResponse } from '@ringfence/contracts';
import { StartRefused } from '@ringfence/service-host';
import { z } from 'zod';

const ANSWER_WITHIN_MS = 5_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
const LOOK_EVERY_MS = 30_000;

export interface CredentialOptions {
  readonly clasUrl: string;
  readonly caFile?: string | undefined;
  readonly cluster: string;
  readonly token: string;
  readonly directory: string | undefined;
  readonly signal: AbortSignal;
}

/** The credential and the seed that it is for. */
const KeptCredential = CredentialResponse.extend({ seed: z.string().min(1) });
type KeptCredential = z.infer<typeof KeptCredential>;

export class ClusterCredential {
  private credential: KeptCredential | undefined;
  private obtainedAt = Date.now();
  private problem: string | null = 'no credential yet';

  private readonly seed: string;

  constructor(private readonly options: CredentialOptions) {
    this.credential = this.stored();
    this.seed = this.credential?.seed ?? createKeys('user').seed;
  }

  /** Waits for clas-cache; throws StartRefused when it knows neither this cluster nor this token. */
  async obtain(): Promise<KeptCredential> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.renew();
      } catch (error) {
        if (error instanceof CredentialRefused)
          throw new StartRefused(
            `${this.options.clasUrl} refuses the cluster id or the cluster token: check CLUSTER_ID and CLUSTER_TOKEN`,
          );
        this.problem = `clas-cache gives no credential: ${words(error)}`;
        if (this.credential !== undefined) return this.credential;
        await sleep(pauseMs * (0.75 + Math.random() / 2), undefined, { signal: this.options.signal });
      }
    }
  }

  current(): KeptCredential {
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

  private async renew(): Promise<KeptCredential> {
    const { clasUrl, caFile, cluster, token, signal } = this.options;
    const desk = { clasUrl, caFile, seed: this.seed, timeoutMs: ANSWER_WITHIN_MS, signal };
    const credential = { ...(await askAsKubelink(desk, { cluster, token })), seed: this.seed };
    this.credential = credential;
    this.obtainedAt = Date.now();
    this.problem = null;
    this.store(credential);
    return credential;
  }

  private stored(): KeptCredential | undefined {
    if (this.options.directory === undefined) return undefined;
    try {
      const kept = KeptCredential.parse(
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

  private store(credential: KeptCredential): void {
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
