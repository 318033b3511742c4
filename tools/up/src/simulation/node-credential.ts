/** One simulated node's credential for the cluster's NATS, asked of clas-cache as a C-VEN asks, and renewed at half of its life. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CredentialResponse } from '@ringfence/contracts';
import { StartRefused } from '@ringfence/service-host';

export interface NodeCredentialOptions {
  readonly clasUrl: string;
  readonly pairingKey: string;
  readonly machineIdPath: string;
  readonly version: string;
  readonly onState: (state: true | string) => void;
  readonly signal: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 1_000;
const RENEWAL_CHECK_MS = 30_000;
const REFUSALS = [401, 403];

export class NodeCredential {
  private latest: CredentialResponse | undefined;
  private renewAtMs = 0;

  constructor(private readonly options: NodeCredentialOptions) {}

  /** Waits for clas-cache; throws when the pairing key or the machine is refused. */
  async obtain(): Promise<CredentialResponse> {
    const { onState, signal } = this.options;
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS)) {
      try {
        const credential = await this.renew();
        onState(true);
        const timer = setInterval(() => void this.renewInTime(), RENEWAL_CHECK_MS);
        signal.addEventListener('abort', () => clearInterval(timer));
        return credential;
      } catch (error) {
        if (error instanceof StartRefused) throw error;
        onState(`no credential from clas-cache: ${wordsOf(error)}`);
        await sleep(waitMs, undefined, { signal });
      }
    }
  }

  current(): CredentialResponse {
    if (this.latest === undefined) throw new Error('the credential was asked for before it was obtained');
    return this.latest;
  }

  private async renewInTime(): Promise<void> {
    if (Date.now() < this.renewAtMs) return;
    try {
      await this.renew();
      this.options.onState(true);
    } catch (error) {
      const hasExpired = Date.now() > Date.parse(this.current().expiresAt);
      this.options.onState(hasExpired ? `the credential has expired: ${wordsOf(error)}` : true);
    }
  }

  private async renew(): Promise<CredentialResponse> {
    const { clasUrl, pairingKey, machineIdPath, version } = this.options;
    const machineId = readFileSync(machineIdPath, 'utf8').trim();
    const response = await fetch(new URL('/v1/credentials', clasUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'cven', pairingKey, machineId, version }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    if (REFUSALS.includes(response.status))
      throw new StartRefused(`clas-cache refused the node (HTTP ${response.status}): ${text.slice(0, 300)}`);
    if (!response.ok) throw new Error(`clas-cache answered HTTP ${response.status}: ${text.slice(0, 200)}`);
    const credential = CredentialResponse.parse(JSON.parse(text));
    this.renewAtMs = Date.now() + (Date.parse(credential.expiresAt) - Date.now()) / 2;
    this.latest = credential;
    return credential;
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
