/**
 * The node's credential for the cluster's NATS: asked of clas-cache with the pairing key and the machine's id, kept on disk
 * for restarts without clas-cache, renewed at half of its life. A refusal ends the start only while there is nothing to go on with.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CredentialResponse } from '@ringfence/contracts';
import { StartRefused } from '@ringfence/service-host';
import type { StateFile } from './state-files.store.js';

export interface CredentialOptions {
  readonly clasUrl: string;
  readonly pairingKey: string;
  readonly machineIdPath: string;
  readonly version: string;
  readonly file: StateFile<CredentialResponse>;
  readonly onState: (state: true | string) => void;
  readonly signal: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 15_000;
const RENEWAL_CHECK_MS = 30_000;

/** What clas-cache answered instead of a credential. */
class Refused extends Error {}

export class NodeCredential {
  private credential: CredentialResponse | undefined;
  /** Since when it is known: a clock that was set meanwhile must not matter. */
  private obtainedAt = Date.now();

  constructor(private readonly options: CredentialOptions) {
    const stored = options.file.read();
    if (stored !== undefined && Date.parse(stored.expiresAt) > Date.now()) this.credential = stored;
  }

  /** The stored one at once, else waits for clas-cache. Throws `StartRefused` when the pairing key or machine is refused. */
  async obtain(): Promise<CredentialResponse> {
    for (
      let waitMs = FIRST_RETRY_MS;
      this.credential === undefined;
      waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)
    ) {
      try {
        await this.renew();
      } catch (error) {
        if (error instanceof Refused) throw new StartRefused(error.message);
        this.options.onState(`no credential yet: ${wordsOf(error)}`);
        await sleep(waitMs * (0.75 + Math.random() / 2), undefined, { signal: this.options.signal });
      }
    }
    this.options.onState(true);
    return this.credential;
  }

  current(): CredentialResponse {
    if (this.credential === undefined) throw new Error('the credential was asked for before it was obtained');
    return this.credential;
  }

  /** Renews in time until the signal ends it; failures are told, the old credential stays. */
  keepFresh(): void {
    const timer = setInterval(() => {
      const { expiresAt } = this.current();
      const halfLife = this.obtainedAt + (Date.parse(expiresAt) - this.obtainedAt) / 2;
      if (Date.now() < halfLife) return;
      this.renew().then(
        () => this.options.onState(true),
        (error: unknown) =>
          this.options.onState(
            Date.now() < Date.parse(expiresAt) ? true : `the credential has expired: ${wordsOf(error)}`,
          ),
      );
    }, RENEWAL_CHECK_MS);
    this.options.signal.addEventListener('abort', () => clearInterval(timer));
  }

  private async renew(): Promise<void> {
    const { clasUrl, pairingKey, machineIdPath, version, file } = this.options;
    const machineId = readFileSync(machineIdPath, 'utf8').trim();
    const response = await fetch(new URL('/v1/credentials', clasUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'cven', pairingKey, machineId, version }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.status === 401 || response.status === 403)
      throw new Refused(
        `clas-cache refused this node (HTTP ${response.status}): ${text.slice(0, 300)} - check RINGFENCE_PAIRING_KEY and the machine id in ${machineIdPath}`,
      );
    if (!response.ok) throw new Error(`clas-cache answered HTTP ${response.status}: ${text.slice(0, 300)}`);
    const credential = CredentialResponse.parse(JSON.parse(text));
    this.credential = credential;
    this.obtainedAt = Date.now();
    file.write(credential);
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
