/**
 * Nodes that the control plane has unpaired keep their credential until they have heard of it and said so, or a minute at
 * most; then it is worth nothing any more, whoever holds it, and what was kept of their pairing is forgotten.
 */
import type { AgentHeartbeat } from '@ringfence/contracts';
import type { Logger } from 'pino';
import type { EdgeAccounts } from './edge-accounts.js';

const GRACE_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

export interface UnpairedNodesOptions {
  readonly unpaired: () => readonly string[];
  readonly accounts: Pick<EdgeAccounts, 'revoke' | 'isRevoked'>;
  readonly desk: { nodes(): readonly string[]; forgetNode(node: string): Promise<void> };
  readonly logger: Logger;
  readonly graceMs?: number;
}

interface Unpaired {
  readonly since: number;
  isCutOff: boolean;
}

export class UnpairedNodes {
  private readonly known = new Map<string, Unpaired>();
  private readonly saidSo = new Set<string>();
  private readonly timer: NodeJS.Timeout;
  private looking: Promise<void> | undefined;

  constructor(private readonly options: UnpairedNodesOptions) {
    this.timer = setInterval(() => {
      this.looking ??= this.look(Date.now()).finally(() => (this.looking = undefined));
    }, LOOK_EVERY_MS);
  }

  heard(node: string, status: AgentHeartbeat['status']): void {
    if (status === 'unpaired') this.saidSo.add(node);
    else this.saidSo.delete(node);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private async look(now: number): Promise<void> {
    const { unpaired, graceMs = GRACE_MS } = this.options;
    const current = new Set(unpaired());
    for (const node of current) if (!this.known.has(node)) this.known.set(node, this.seen(node, now));
    for (const [node, state] of this.known) {
      const isPairedAgain = !current.has(node);
      const isOver = this.saidSo.has(node) || now - state.since >= graceMs;
      if (!state.isCutOff && (isPairedAgain || isOver)) await this.cutOff(node, state, isPairedAgain);
      if (isPairedAgain) this.known.delete(node);
    }
  }

  /** After a restart: one that was cut off before, and was given nothing since, needs no second time. */
  private seen(node: string, now: number): Unpaired {
    const { accounts, desk } = this.options;
    return { since: now, isCutOff: accounts.isRevoked(node) && !desk.nodes().includes(node) };
  }

  /** Of a node that was paired again meanwhile only what is older than that. */
  private async cutOff(node: string, state: Unpaired, isPairedAgain: boolean): Promise<void> {
    const { accounts, desk, logger } = this.options;
    try {
      if (!isPairedAgain) await desk.forgetNode(node);
      await accounts.revoke(node, isPairedAgain ? state.since : Date.now());
      state.isCutOff = true;
      logger.info({ node }, 'the node is unpaired: its credentials are revoked');
    } catch (error) {
      logger.warn({ err: error, node }, 'the credentials of an unpaired node are not revoked yet');
    }
  }
}
