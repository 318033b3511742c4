/**
 * An account on the cluster's NATS for every node and for Kubelink: made known to the server before its credential is handed
 * out, cut off when the node is unpaired or says far more than its share.
 */
import {
  CallError,
  isTransient,
  mintKubelinkAccount,
  mintKubelinkUser,
  mintNodeAccount,
  mintNodeUser,
} from '@ringfence/bus';
import type { ClusterSigner, MintedUser } from '@ringfence/bus';
import { Text } from '@ringfence/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** Node → seconds since the epoch: what was signed up to then is worth nothing any more. */
export const Revocations = z.record(Text.max(253), z.number().int());

/** Each is a connection to the server, and a signature of ours. */
const PUSHES_AT_ONCE = 8;

export interface EdgeAccountsOptions {
  readonly signer: ClusterSigner;
  /** Throws TransientError while the server is away. */
  readonly push: (accountJwt: string) => Promise<void>;
  /** Made anew for a Kubelink that starts: it then gets every current value first. */
  readonly makeReadinessDurable: () => Promise<void>;
  readonly keep: (revocations: z.output<typeof Revocations>) => Promise<void>;
  readonly now?: () => number;
}

export class EdgeAccounts {
  private readonly revoked: Map<string, number>;
  private readonly suspendedUntil = new Map<string, number>();
  private readonly now: () => number;

  constructor(
    private readonly options: EdgeAccountsOptions,
    revocations: z.output<typeof Revocations> = {},
  ) {
    this.revoked = new Map(Object.entries(revocations));
    this.now = options.now ?? Date.now;
  }

  async kubelink(publicKey?: string): Promise<MintedUser> {
    const { signer, push, makeReadinessDurable } = this.options;
    await this.reachable(async () => {
      await push(await mintKubelinkAccount(signer));
      await makeReadinessDurable();
    });
    return mintKubelinkUser(signer, publicKey);
  }

  async node(name: string, publicKey?: string): Promise<MintedUser> {
    const suspendedUntil = this.suspendedUntil.get(name) ?? 0;
    if (suspendedUntil > this.now()) {
      const words = `${name} said far more than its share: its account rests until ${new Date(suspendedUntil).toISOString()}`;
      throw CallError.of('RESOURCE_EXHAUSTED', 'node_suspended', words);
    }
    await this.pastRevocation(name);
    await this.makeKnown(name);
    return mintNodeUser(this.options.signer, name, publicKey);
  }

  /** As it is to be: also after the server has lost what it knew. */
  async makeKnown(name: string): Promise<void> {
    const { signer, push } = this.options;
    await this.reachable(async () => push(await mintNodeAccount(signer, name, this.revoked.get(name))));
  }

  /** Kubelink's and those of these nodes; a re-push of a live account keeps its connections. */
  async makeAllKnown(nodes: readonly string[]): Promise<void> {
    const { signer, push } = this.options;
    const waiting = [...new Set([...nodes, ...this.revoked.keys()])];
    const work = async (): Promise<void> => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) await this.makeKnown(name);
    };
    await this.reachable(async () => push(await mintKubelinkAccount(signer)));
    await Promise.all(Array.from({ length: PUSHES_AT_ONCE }, work));
  }

  /** Every credential that the node was given up to then is worth nothing from now on, also on connections that stand. */
  async revoke(name: string, upTo = this.now()): Promise<void> {
    const before = this.revoked.get(name) ?? 0;
    this.revoked.set(name, Math.max(before, Math.floor(upTo / 1_000)));
    this.forgetExpired();
    await this.options.keep(Object.fromEntries(this.revoked));
    await this.makeKnown(name);
  }

  isRevoked(name: string): boolean {
    return this.revoked.has(name);
  }

  /** Cut off, and given no new credential for so long. */
  async suspend(name: string, forMs: number): Promise<void> {
    this.suspendedUntil.set(name, this.now() + forMs);
    await this.revoke(name);
  }

  /** For people. */
  suspended(): string[] {
    return [...this.suspendedUntil].filter(([, until]) => until > this.now()).map(([name]) => name);
  }

  /** Nothing that was signed up to then is valid any more without us. */
  private forgetExpired(): void {
    const oldest = Math.floor(this.now() / 1_000) - this.options.signer.expiresInSeconds;
    for (const [name, upTo] of this.revoked) if (upTo < oldest) this.revoked.delete(name);
  }

  /** Claims count in seconds: what is signed within the second of a revocation would be revoked with what was before it. */
  private async pastRevocation(name: string): Promise<void> {
    const endsAt = ((this.revoked.get(name) ?? 0) + 1) * 1_000;
    const waitMs = endsAt - this.now();
    if (waitMs > 0) await sleep(Math.min(waitMs, 1_000));
  }

  private async reachable(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
      throw CallError.of('UNAVAILABLE', 'cluster-nats-away', "the cluster's NATS is away, try again");
    }
  }
}
