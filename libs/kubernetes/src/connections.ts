/**
 * The connections to one API server. A client certificate belongs to a connection, so that another one means other connections: the old
 * ones end with what is under way on them.
 */
import { Agent } from 'undici';
import type { Tls } from './kubeconfig.js';

const ANSWER_WITHIN_MS = 30_000;
const KEEP_ALIVE_MS = 15_000;

export class Connections {
  private current: { readonly agent: Agent; readonly of: string } | undefined;
  private readonly ending = new Set<Agent>();

  with(tls: Tls): Agent {
    const of = JSON.stringify(tls);
    if (this.current?.of === of) return this.current.agent;
    this.retire();
    const agent = new Agent({
      // A connection whose other end vanished without a word is found out by the kernel.
      connect: { ...tls, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, timeout: 10_000 },
      headersTimeout: ANSWER_WITHIN_MS,
      bodyTimeout: ANSWER_WITHIN_MS,
    });
    this.current = { agent, of };
    return agent;
  }

  async close(): Promise<void> {
    this.retire();
    await Promise.all([...this.ending].map((agent) => agent.destroy()));
  }

  private retire(): void {
    if (this.current === undefined) return;
    const { agent } = this.current;
    this.current = undefined;
    this.ending.add(agent);
    void agent
      .close()
      .catch(() => undefined)
      .finally(() => this.ending.delete(agent));
  }
}
