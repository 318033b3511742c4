/**
 * Decides about a sandbox that is just being made: its place is made at once from what the plugin says (the runtime may
 * tell of it only when the plugin is done), and the answer waits until the kernel has its own rules, or rules that close it.
 *
 * A sandbox that only the plugin has told of is kept in mind until the runtime tells of it too: when its creation fails,
 * no other event would say that it has gone.
 */
import type { FoundSandbox } from '../adapters/cri/sandbox-record.js';
import type { BirthRequest } from './birth-request.js';

/** Locked: closed but for what is essential, because the policy was not known in time. */
export type Decision = 'in-force' | 'none-needed' | 'locked';

/** Of the agent: what a birth needs. */
export interface Places {
  takeSandbox(sandbox: FoundSandbox): void;
  dropSandbox(id: string): Promise<void>;
  /** Rejects when the kernel has neither. */
  decided(id: string, withinMs: number): Promise<Decision>;
}

export type Verdict = { readonly go: Decision } | { readonly no: string };

export interface BirthGateOptions {
  readonly places: Places;
  /** Why a path is no Pod's network namespace; undefined: it is one. */
  readonly refusedNamespace: (path: string) => string | undefined;
  readonly exists: (path: string) => boolean;
  readonly now: () => number;
  readonly onDropFailed: (error: unknown) => void;
}

const KNOWN_WITHIN_MS = 2_000;
/** A runtime tells of a sandbox within seconds of the plugin's end. */
const FORGOTTEN_AFTER_MS = 60_000;
/** More than any node has Pods; the runtime's own events are the net below. */
const MOST_UNCONFIRMED = 1_000;

interface Unconfirmed {
  readonly netns: string;
  readonly since: number;
}

export class BirthGate {
  private readonly unconfirmed = new Map<string, Unconfirmed>();
  private readonly waiting = new Map<string, (why: string) => void>();

  constructor(private readonly options: BirthGateOptions) {}

  /** `abandoned` is aborted when nobody waits for the answer any more. */
  async add(request: BirthRequest, abandoned: AbortSignal): Promise<Verdict> {
    const { container: id, netns, namespace, name, uid, addresses } = request;
    const { places, refusedNamespace, now } = this.options;
    const refused = refusedNamespace(netns);
    if (refused !== undefined) return { no: refused };
    if (this.unconfirmed.size >= MOST_UNCONFIRMED) return { no: 'too many Pods are being made at once' };
    this.unconfirmed.set(id, { netns, since: now() });
    places.takeSandbox({ id, podUid: uid, namespace, name, netns, addresses });
    const ended = this.untilEnded(id, abandoned);
    try {
      return await Promise.race([this.decide(id), ended.verdict]);
    } finally {
      ended.forget();
    }
  }

  /** The plugin's DEL: comes twice, late, or not at all. A sandbox that the runtime knows is the runtime's to end. */
  async del(id: string): Promise<void> {
    this.waiting.get(id)?.('the Pod is being deleted');
    if (this.unconfirmed.delete(id)) await this.drop(id);
  }

  /** The runtime tells of it: from now on its end is told too. */
  seen(id: string): void {
    this.unconfirmed.delete(id);
  }

  gone(id: string): void {
    this.unconfirmed.delete(id);
    this.waiting.get(id)?.('the Pod has gone');
  }

  /** Sandboxes that were never finished and whose namespace is no more. */
  async sweep(): Promise<void> {
    const { now, exists } = this.options;
    for (const [id, { netns, since }] of this.unconfirmed) {
      if (now() - since < FORGOTTEN_AFTER_MS || exists(netns)) continue;
      this.unconfirmed.delete(id);
      await this.drop(id);
    }
  }

  private async decide(id: string): Promise<Verdict> {
    try {
      return { go: await this.options.places.decided(id, KNOWN_WITHIN_MS) };
    } catch (error) {
      return {
        no: `its rules are not in the kernel: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
  }

  private untilEnded(id: string, abandoned: AbortSignal): { verdict: Promise<Verdict>; forget: () => void } {
    let end: (why: string) => void = () => undefined;
    const verdict = new Promise<Verdict>((resolve) => {
      end = (why) => resolve({ no: why });
    });
    const onAbandoned = (): void => {
      end('nobody waits for the answer');
    };
    this.waiting.set(id, end);
    abandoned.addEventListener('abort', onAbandoned);
    return {
      verdict,
      forget: () => {
        abandoned.removeEventListener('abort', onAbandoned);
        if (this.waiting.get(id) === end) this.waiting.delete(id);
      },
    };
  }

  private async drop(id: string): Promise<void> {
    try {
      await this.options.places.dropSandbox(id);
    } catch (error) {
      this.options.onDropFailed(error);
    }
  }
}
