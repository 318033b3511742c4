/**
 * An agent's credential for its cluster's NATS: asked of clas-cache, kept on disk for a restart without clas-cache, renewed at
 * half of its life. A refusal ends the start only while there is nothing to go on with. How it is asked for is the agent's.
 * The one from the disk is to begin with: whether we are still who it says, clas-cache is asked as soon as it answers.
 */
import { CredentialRefused } from '@ringfence/bus';
import { CredentialResponse } from '@ringfence/contracts';
import { retrying } from '@ringfence/retrying';
import { StartRefused } from '@ringfence/service-host';
import type { HostContext } from '@ringfence/service-host';
import { z } from 'zod';
import type { StateFile } from './state-file.js';

/** The credential and the seed that it is for. */
export const KeptCredential = CredentialResponse.extend({ seed: z.string().min(1) });
export type KeptCredential = z.infer<typeof KeptCredential>;

export interface CredentialOptions {
  readonly ask: () => Promise<KeptCredential>;
  /** In words for a person, who alone can help. */
  readonly refusal: (error: CredentialRefused) => string;
  /** Absent: it is asked for anew at every start. */
  readonly file?: StateFile<KeptCredential> | undefined;
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
const LOOK_EVERY_MS = 1_000;
const ASK_AGAIN_MS = 15_000;

export interface FreshOptions {
  /** The agent of an unpaired node would pair it again by asking. */
  readonly isWanted?: () => boolean;
  /** We have another name, are of another cluster, or its NATS is elsewhere: whatever was begun by the old one is void. */
  readonly onMoved: () => void;
}

export class EdgeCredential {
  private credential: KeptCredential | undefined;
  /** It was on the disk, and nobody takes it any more. */
  private readonly ended: KeptCredential | undefined;
  /** As it was on the disk: nobody has confirmed it. */
  private isStored = false;
  /** Since when it is known: a clock that was set meanwhile must not matter. */
  private obtainedAt = Date.now();
  private askedAt = 0;
  private isRefused = false;
  private problem = 'no credential yet';

  constructor(private readonly options: CredentialOptions) {
    const stored = options.file?.read();
    if (stored !== undefined && Date.parse(stored.expiresAt) > Date.now()) {
      this.credential = stored;
      this.isStored = true;
    } else this.ended = stored;
  }

  /** Who we were when we last had one, whatever it is worth by now: enough to go on with what we have. */
  get lastKnown(): KeptCredential | undefined {
    return this.credential ?? this.ended;
  }

  /** The stored one at once, else waits for clas-cache. Throws `StartRefused` when it says no and there was never one. */
  async obtain(): Promise<KeptCredential> {
    const { signal } = this.options;
    if (this.credential === undefined)
      await retrying(() => this.renew(), {
        signal,
        onError: (error) => this.notObtained(error),
        firstPauseMs: FIRST_PAUSE_MS,
        longestPauseMs: LONGEST_PAUSE_MS,
      });
    if (this.credential === undefined) signal.throwIfAborted();
    return this.current();
  }

  private notObtained(error: unknown): void {
    const isRefused = error instanceof CredentialRefused;
    if (isRefused && this.ended === undefined) throw new StartRefused(this.options.refusal(error));
    this.problem = `no credential yet: ${isRefused ? this.options.refusal(error) : wordsOf(error)}`;
  }

  /** As `obtain`, but clas-cache is asked first: the stored one is for when it is away. */
  async obtainAnew(): Promise<KeptCredential> {
    try {
      await this.renew();
    } catch (error) {
      if (error instanceof CredentialRefused) throw new StartRefused(this.options.refusal(error));
    }
    return this.obtain();
  }

  current(): KeptCredential {
    if (this.credential === undefined) throw new Error('the credential was asked for before it was obtained');
    return this.credential;
  }

  /** There is one that should be taken, or why not. */
  availability(): true | string {
    const isWorthless =
      this.credential === undefined || this.isRefused || Date.now() >= Date.parse(this.credential.expiresAt);
    return !isWorthless || this.problem;
  }

  /** Renews in time until the signal ends it; the old credential stays meanwhile. */
  keepFresh({ isWanted = () => true, onMoved }: FreshOptions): void {
    const timer = setInterval(() => {
      if (isWanted() && this.isDue(Date.now())) void this.askAgain(onMoved);
    }, LOOK_EVERY_MS);
    this.options.signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** The server does not take it, and would not until it ends: it was revoked, or the server's keys are others. */
  refused(): void {
    this.isRefused = true;
    this.problem = 'the credential is not taken any more';
  }

  private isDue(now: number): boolean {
    const halfLife = this.obtainedAt + (Date.parse(this.current().expiresAt) - this.obtainedAt) / 2;
    const isOld = this.isStored || this.isRefused || now >= halfLife;
    return isOld && now - this.askedAt >= ASK_AGAIN_MS;
  }

  private async askAgain(onMoved: () => void): Promise<void> {
    this.askedAt = Date.now();
    const before = this.current();
    try {
      await this.renew();
      if (isMoved(before, this.current())) onMoved();
    } catch (error) {
      this.problem = `the credential is not taken any more: ${wordsOf(error)}`;
    }
  }

  private async renew(): Promise<void> {
    const credential = await this.options.ask();
    this.credential = credential;
    this.obtainedAt = Date.now();
    this.isRefused = false;
    this.isStored = false;
    this.options.file?.write(credential);
  }
}

/** For `onMoved`: ends the process, which whoever looks after it starts again. */
export function startAnew(logger: HostContext<unknown>['logger']): void {
  logger.error(
    'the cluster, our name in it or the place of its NATS is another one now: ending, to be started anew',
  );
  process.kill(process.pid, 'SIGTERM');
}

/** Whatever was begun by the one is void by the other. */
export function isMoved(from: KeptCredential, to: KeptCredential): boolean {
  return placeOf(from) !== placeOf(to);
}

const placeOf = ({ cluster, name, natsUrl }: KeptCredential): string => [cluster, name, natsUrl].join(' ');

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
