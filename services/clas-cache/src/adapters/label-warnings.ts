/**
 * Labels that a workload asks for and does not get, told where its people look: as an event of Kubernetes at the workload. One
 * for each, said again only after it was mended; its name is made from what it says, so that a restart repeats nothing.
 * A label that is made a moment after its workload was never missed.
 */
import { ApiError } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { sha256Hex } from '@ringfence/labels';
import type { RefusedAnnotation } from '@ringfence/labels';
import { refusalWords } from '@ringfence/labels/refusal-words';
import type { RefusedLabels, WorkloadFacts } from '../domain/pod-endpoints.calculator.js';

const LOOK_EVERY_MS = 5_000;
/** Who may write annotations may write many. */
const MOST_AT_A_LOOK = 20;
const CREATED_ALREADY = 409;

export interface LabelWarningsOptions {
  readonly client: Pick<ApiClient, 'post'>;
  /** Of now. */
  readonly refusals: () => Iterable<RefusedLabels>;
  readonly onTrouble: (message: string, error: unknown) => void;
  readonly lookEveryMs?: number;
}

interface Warning {
  readonly workload: WorkloadFacts;
  readonly refused: RefusedAnnotation;
}

export class LabelWarnings {
  private readonly ended = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly told = new Set<string>();
  private seen = new Set<string>();
  private looking: Promise<void> | undefined;

  constructor(private readonly options: LabelWarningsOptions) {
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

  private *warnings(): Generator<[string, Warning]> {
    for (const { workload, refused } of this.options.refusals())
      for (const each of refused) {
        const said = JSON.stringify([workload.uid, each.annotation, each.value, each.reason]);
        yield [`${workload.name}.${sha256Hex(said, 16)}`, { workload, refused: each }];
      }
  }

  private async tell(name: string, { workload, refused }: Warning): Promise<boolean> {
    const { client, onTrouble } = this.options;
    const { kind, namespace } = workload;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    try {
      await client.post(path, eventOf(name, workload, refused), this.ended.signal);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === CREATED_ALREADY) return true;
      if (!this.ended.signal.aborted)
        onTrouble(`the event for ${kind} ${namespace}/${workload.name} could not be written`, error);
      return false;
    }
  }
}

function eventOf(
  name: string,
  { kind, namespace, name: of, uid }: WorkloadFacts,
  refused: RefusedAnnotation,
): Record<string, unknown> {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    // Of an owner that nobody has seen we have no uid of its own.
    involvedObject: { kind, namespace, name: of, ...(!uid.includes('/') && { uid }) },
    type: 'Warning',
    reason: 'LabelRefused',
    message: `${refused.annotation}: ${refused.value} gives no label: ${refusalWords(refused)}`,
    source: { component: 'ringfence' },
    reportingComponent: 'ringfence',
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}
