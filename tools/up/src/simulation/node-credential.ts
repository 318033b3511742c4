/** One simulated node's credential for the cluster's NATS, asked of clas-cache as a C-VEN asks, and renewed at half of its life. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAsNode, createKeys, CredentialRefused, readAgentToken } from '@ringfence/bus';
import type { CredentialResponse } from '@ringfence/contracts';
import { StartRefused } from '@ringfence/service-host';

export interface NodeCredentialOptions {
  readonly clasUrl: string;
  readonly caFile: string;
  readonly pairingKey: string;
  readonly machineIdPath: string;
  readonly tokenPath: string;
  readonly version: string;
  readonly onState: (state: true | string) => void;
  readonly signal: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 1_000;
const RENEWAL_CHECK_MS = 30_000;

export type SimulatedCredential = CredentialResponse & { readonly seed: string };

export class NodeCredential {
  private readonly seed: string;
  private latest: SimulatedCredential | undefined;
  private renewAtMs = 0;

  constructor(private readonly options: NodeCredentialOptions) {
    this.seed = seedBeside(options.machineIdPath);
  }

  /** Waits for clas-cache; throws when the pairing key or the machine is refused. */
  async obtain(): Promise<SimulatedCredential> {
    const { onState, signal } = this.options;
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS)) {
      try {
        const credential = await this.renew();
        onState(true);
        const timer = setInterval(() => void this.renewInTime(), RENEWAL_CHECK_MS);
        signal.addEventListener('abort', () => clearInterval(timer));
        return credential;
      } catch (error) {
        if (error instanceof CredentialRefused)
          throw new StartRefused(`clas-cache refused the node: ${error.message}`);
        onState(`no credential from clas-cache: ${wordsOf(error)}`);
        await sleep(waitMs, undefined, { signal });
      }
    }
  }

  current(): SimulatedCredential {
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

  private async renew(): Promise<SimulatedCredential> {
    const { clasUrl, caFile, pairingKey, machineIdPath, tokenPath, version } = this.options;
    const machineId = readFileSync(machineIdPath, 'utf8').trim();
    const { seed } = this;
    const desk = { clasUrl, caFile, seed, timeoutMs: REQUEST_TIMEOUT_MS };
    const machine = { pairingKey, machineId, version, serviceAccountToken: readAgentToken(tokenPath) };
    const credential = { ...(await askAsNode(desk, machine)), seed };
    this.renewAtMs = Date.now() + (Date.parse(credential.expiresAt) - Date.now()) / 2;
    this.latest = credential;
    return credential;
  }
}

/** The node's own key, for as long as the node is. */
function seedBeside(machineIdPath: string): string {
  const path = `${machineIdPath}.key`;
  if (!existsSync(path)) writeFileSync(path, createKeys('user').seed, { mode: 0o600 });
  return readFileSync(path, 'utf8');
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
