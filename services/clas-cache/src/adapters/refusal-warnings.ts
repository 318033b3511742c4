/**
 * What an object asks for and does not get (a label, a NetworkPolicy), told where its people look: as an event of Kubernetes at it. One
 * for each, said again only after it was mended; its name is made from what it says, so that a restart repeats nothing.
 * A label that is made a moment after its workload was never missed.
 */
import { ApiError } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { sha256Hex } from '@ringfence/labels';
import type { Refusal } from './refusals.js';

const LOOK_EVERY_MS = 5_000;
/** Who may write annotations may write many. */
const MOST_AT_A_LOOK = 20;
const CREATED_ALREADY = 409;

export interface RefusalWarningsOptions {
  readonly client: Pick<ApiClient, 'post'>;
  /** Of now. */
  readonly refusals: () => Iterable<Refusal>;
  readonly onTrouble: (message: string, error: unknown) => void;
  readonly lookEveryMs?: number;
}

export class RefusalWarnings {
  private readonly ended = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly told = new Set<string>();
  private seen = new Set<string>();
  private looking: Promise<void> | undefined;

  constructor(private readonly options: RefusalWarningsOptions) {
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
    }, options.lookEveryMs ?? LOOK_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.ended.abort();
    await this.looking;
  }

  private async look(): Promise<void> {
    const now = new Map(this.warnings());
    const due = [...now].filter(([name]) => this.seen.has(name) && !this.told.has(name));
    this.seen = new Set(now.keys());
    for (const name of this.told) if (!now.has(name)) this.told.delete(name);
    for (const [name, warning] of due.slice(0, MOST_AT_A_LOOK)) {
      if (this.ended.signal.aborted) return;
      if (await this.tell(name, warning)) this.told.add(name);
    }
  }

  private *warnings(): Generator<[string, Refusal]> {
    for (const refusal of this.options.refusals())
      yield [`${refusal.object.name}.${sha256Hex(refusal.identity, 16)}`, refusal];
  }

  private async tell(event: string, refusal: Refusal): Promise<boolean> {
    const { client, onTrouble } = this.options;
    const { kind, namespace, name } = refusal.object;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    try {
      await client.post(path, eventOf(event, refusal), this.ended.signal);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === CREATED_ALREADY) return true;
      if (!this.ended.signal.aborted)
        onTrouble(`the event for ${kind} ${namespace}/${name} could not be written`, error);
      return false;
    }
  }
}

function eventOf(event: string, { object, reason, message }: Refusal): Record<string, unknown> {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const { kind, namespace, name, uid } = object;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: event, namespace },
    // Of an owner that nobody has seen we have no uid of its own.
    involvedObject: { kind, namespace, name, ...(!uid.includes('/') && { uid }) },
    type: 'Warning',
    reason,
    message,
    source: { component: 'ringfence' },
    reportingComponent: 'ringfence',
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}
