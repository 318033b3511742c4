/**
 * The node's credential for the cluster's NATS: asked of clas-cache with the pairing key, the machine's id, the key pair
 * that this node made for itself, and Kubernetes' token for us; kept on disk for restarts without clas-cache, renewed at half of its life. A refusal ends the start only while there is nothing to go on with.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { askAsNode, createKeys, CredentialRefused, readAgentToken } from '@ringfence/bus';
import { CredentialResponse } from '@ringfence/contracts';
import { StartRefused } from '@ringfence/service-host';
import { z } from 'zod';
import type { StateFile } from './state-files.store.js';

export interface CredentialOptions {
  readonly clasUrl: string;
  readonly caFile?: string;
  readonly pairingKey: string;
  readonly machineIdPath: string;
  /** Of the service account's token; nothing there: we have none. */
  readonly tokenPath: string;
  readonly version: string;
  readonly file: StateFile<KeptCredential>;
  readonly keyFile: StateFile<NodeKey>;
  readonly onState: (state: true | string) => void;
  readonly signal: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 15_000;
const LOOK_EVERY_MS = 1_000;
const ASK_AGAIN_MS = 15_000;

/** The credential and the seed that it is for. */
export const KeptCredential = CredentialResponse.extend({ seed: z.string().min(1) });
export type KeptCredential = z.infer<typeof KeptCredential>;

export const NodeKey = z.object({ machineId: z.string().min(1), seed: z.string().min(1) });
export type NodeKey = z.infer<typeof NodeKey>;

export class NodeCredential {
  private credential: KeptCredential | undefined;
  /** Since when it is known: a clock that was set meanwhile must not matter. */
  private obtainedAt = Date.now();
  private askedAt = 0;
  private isRefused = false;

  constructor(private readonly options: CredentialOptions) {
    const stored = options.file.read();
    if (stored !== undefined && Date.parse(stored.expiresAt) > Date.now()) this.credential = stored;
  }

  /** The stored one at once, else waits for clas-cache. Throws `StartRefused` when the pairing key or machine is refused. */
  async obtain(): Promise<KeptCredential> {
    for (
      let waitMs = FIRST_RETRY_MS;
      this.credential === undefined;
      waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)
    ) {
      try {
        await this.renew();
      } catch (error) {
        if (error instanceof CredentialRefused)
          throw new StartRefused(
            `clas-cache refused this node: ${error.message} - check RINGFENCE_PAIRING_KEY and the machine id in ${this.options.machineIdPath}`,
          );
        this.options.onState(`no credential yet: ${wordsOf(error)}`);
        await sleep(waitMs * (0.75 + Math.random() / 2), undefined, { signal: this.options.signal });
      }
    }
    this.options.onState(true);
    return this.credential;
  }

  current(): KeptCredential {
    if (this.credential === undefined) throw new Error('the credential was asked for before it was obtained');
    return this.credential;
  }

  /**
   * Renews in time until the signal ends it; failures are told, the old credential stays. Only while it is wanted: the
   * agent of an unpaired node would pair it again by asking.
   */
  keepFresh(isWanted: () => boolean): void {
    const timer = setInterval(() => {
      if (isWanted() && this.isDue(Date.now())) void this.askAgain();
    }, LOOK_EVERY_MS);
    this.options.signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** The server does not take it, and would not until it ends: it was revoked, or the server's keys are others. */
  refused(): void {
    this.isRefused = true;
  }

  private isDue(now: number): boolean {
    const halfLife = this.obtainedAt + (Date.parse(this.current().expiresAt) - this.obtainedAt) / 2;
    return now - this.askedAt >= ASK_AGAIN_MS && (this.isRefused || now >= halfLife);
  }

  private async askAgain(): Promise<void> {
    this.askedAt = Date.now();
    try {
      await this.renew();
      this.options.onState(true);
    } catch (error) {
      const isWorthless = this.isRefused || Date.now() >= Date.parse(this.current().expiresAt);
      this.options.onState(isWorthless ? `the credential is not taken any more: ${wordsOf(error)}` : true);
    }
  }

  private async renew(): Promise<void> {
    const { clasUrl, caFile, pairingKey, machineIdPath, tokenPath, version, file, signal } = this.options;
    const machineId = readFileSync(machineIdPath, 'utf8').trim();
    const { seed } = this.keyOf(machineId);
    const desk = { clasUrl, caFile, seed, timeoutMs: REQUEST_TIMEOUT_MS, signal };
    const serviceAccountToken = readAgentToken(tokenPath);
    const machine = { pairingKey, machineId, version, serviceAccountToken };
    const credential = { ...(await askAsNode(desk, machine)), seed };
    this.credential = credential;
    this.obtainedAt = Date.now();
    this.isRefused = false;
    file.write(credential);
  }

  /** Made at the first pairing, and the node's for as long as it is paired. A disk that was copied to another machine is not it. */
  private keyOf(machineId: string): NodeKey {
    const { keyFile } = this.options;
    const kept = keyFile.read();
    if (kept?.machineId === machineId) return kept;
    const made = { machineId, seed: createKeys('user').seed };
    // Before it is shown to anybody: a key that is lost after the pairing would lock the node out.
    keyFile.write(made);
    return made;
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
