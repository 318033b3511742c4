/**
 * What is asked for, from those who take it. Never remembered, nor shared between two who ask: each must hear of
 * everything that was written before they asked. Who does not answer is told as just that.
 */
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { policyProgress } from '../../domain/policy-progress.calculator.js';
import type { Asked, PolicyProgress } from '../../domain/policy-progress.calculator.js';
import { pulses } from '../../read/enforcement.js';
import { untakenWorkloads } from '../../read/untaken.js';

export type AskPolicy = () => Promise<Asked>;

export const askPolicy =
  (bus: Bus): AskPolicy =>
  async () => {
    const [version, settings] = await Promise.all([
      bus.call(CALLS.askedVersion, {}).catch(() => null),
      bus.call(CALLS.askedSettings, {}).catch(() => null),
    ]);
    return { version, heads: settings?.heads ?? null };
  };

export interface ProgressParts {
  readonly store: EventStore;
  readonly askPolicy: AskPolicy;
}

/** Of every cluster whose clas-cache has been heard, and of any other. */
export type ProgressOf = (cluster: string) => PolicyProgress;

/** In force first, then what is asked: see the calculator. */
export async function policyProgresses({ store, askPolicy: ask }: ProgressParts): Promise<ProgressOf> {
  const heard = await pulses(store.entities);
  const untaken = await untakenWorkloads(store.pool);
  const asked = await ask();
  return (cluster) =>
    policyProgress(cluster, {
      policy: heard.get(cluster)?.policy ?? null,
      asked,
      isUntaken: untaken.has(cluster) || untaken.has(null),
    });
}
