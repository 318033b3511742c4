/**
 * The remote ports that the node's own agents were seen to talk to, kept over restarts: a connection that happens to be
 * closed at the moment is needed again. Bounded, newest first; what nobody talks to any more is forgotten. Whom its kubelet probes
 * is not kept: the node reaches its own Pods by what they let it do, and they are many.
 */
import { isSameValue } from '@ringfence/decider';
import { z } from 'zod';
import type { RemotePort } from './host-essentials.js';

const MOST = 256;
const FORGOTTEN_AFTER_MS = 14 * 24 * 3_600_000;
/** A file is not written for every look: a day's difference in age decides nothing. */
const SEEN_AGAIN_AFTER_MS = 24 * 3_600_000;

export const DialledFile = z
  .array(z.object({ address: z.string().max(45), port: z.number().int(), seenAt: z.number() }))
  .max(MOST);
export type DialledFile = z.infer<typeof DialledFile>;

export class DialledBook {
  private known: DialledFile;

  constructor(stored: DialledFile = []) {
    this.known = stored;
  }

  get remotes(): readonly RemotePort[] {
    return this.known
      .map(({ address, port }) => ({ address, port }))
      .sort((a, b) => a.address.localeCompare(b.address) || a.port - b.port);
  }

  /** True when there is something to keep. */
  see(remotes: readonly RemotePort[], now: number, ownPods: ReadonlySet<string> = new Set()): boolean {
    const byText = new Map(this.known.map((each) => [textOf(each), each]));
    for (const remote of remotes) {
      if (ownPods.has(remote.address)) continue;
      const before = byText.get(textOf(remote));
      if (before === undefined || now - before.seenAt > SEEN_AGAIN_AFTER_MS)
        byText.set(textOf(remote), { ...remote, seenAt: now });
    }
    const next = [...byText.values()]
      .filter(({ address, seenAt }) => now - seenAt < FORGOTTEN_AFTER_MS && !ownPods.has(address))
      .sort((a, b) => b.seenAt - a.seenAt)
      .slice(0, MOST);
    const isSame = isSameValue(next, this.known);
    this.known = next;
    return !isSame;
  }

  toFile(): DialledFile {
    return this.known;
  }
}

const textOf = ({ address, port }: RemotePort): string => `${address} ${port}`;
