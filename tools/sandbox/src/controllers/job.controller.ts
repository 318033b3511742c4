/** Runs the Pods of Jobs until enough have succeeded or too many have failed, and clears finished Jobs away when they say so. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { Condition, Pod } from '../api/kube-object.js';
import { timestamp } from '../api/metadata-rules.js';
import type { Job } from '../api/workload-kinds.js';
import { EventRecorder } from '../events/event-recorder.js';
import { ownerLoop } from './owner-loop.js';
import type { OwnerLoop } from './owner-loop.js';
import { isActive, isPodReady, podFrom, withCondition } from './pod-state.js';

interface Tally {
  active: Pod[];
  succeeded: number;
  failed: number;
}

export class JobController {
  private readonly jobs: KindClient<Job>;
  private readonly pods: KindClient<Pod>;
  private readonly events: EventRecorder;
  private readonly loop: OwnerLoop<Job, Pod>;

  constructor(private readonly cluster: Cluster) {
    this.jobs = cluster.resource('jobs.batch');
    this.pods = cluster.resource('pods');
    this.events = new EventRecorder(cluster, 'job-controller');
    this.loop = ownerLoop(this.jobs, this.pods, (owner) => this.reconcile(owner));
  }

  close(): Promise<void> {
    return this.loop.close();
  }

  private async reconcile(job: Job): Promise<void> {
    if (job.metadata.deletionTimestamp !== undefined) return;
    if (isFinished(job)) return this.expire(job);
    const tally = this.tally(job);
    const ending = endingOf(job, tally);
    if (ending === undefined) await this.run(job, tally);
    else for (const pod of tally.active) this.pods.remove(pod.metadata);
    this.report(job, this.tally(job), ending);
  }

  /** Counts never fall: a Pod that has ended and is then deleted still has ended. */
  private tally(job: Job): Tally {
    const pods = this.loop.ownedBy(job);
    const count = (phase: string): number => pods.filter((pod) => pod.status?.phase === phase).length;
    return {
      active: pods.filter(isActive),
      succeeded: Math.max(job.status?.succeeded ?? 0, count('Succeeded')),
      failed: Math.max(job.status?.failed ?? 0, count('Failed')),
    };
  }

  private async run(job: Job, { active, succeeded }: Tally): Promise<void> {
    const { parallelism = 1, completions, suspend } = job.spec;
    // Without completions the first success ends the intake of new Pods.
    const remaining = completions === undefined ? (succeeded > 0 ? 0 : parallelism) : completions - succeeded;
    const wanted = suspend === true ? 0 : Math.min(parallelism, remaining);
    for (let count = active.length; count < wanted; count += 1) {
      const metadata = { generateName: `${job.metadata.name}-` };
      const pod = await this.pods.create(
        podFrom({ definition: this.jobs.definition, object: job }, job.spec.template, metadata),
      );
      await this.events.record(job, {
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `Created pod: ${pod.metadata.name}`,
      });
    }
    if (completions === undefined && suspend !== true) return;
    for (const pod of active.slice(Math.max(0, wanted))) this.pods.remove(pod.metadata);
  }

  private report(job: Job, tally: Tally, ending: Condition | undefined): void {
    const now = this.cluster.now();
    this.jobs.modifyStatus(job.metadata, (draft) => {
      const before = draft.status ?? {};
      draft.status = {
        ...before,
        startTime: before.startTime ?? timestamp(now),
        active: ending === undefined ? tally.active.length : 0,
        ready: tally.active.filter(isPodReady).length,
        succeeded: tally.succeeded,
        failed: tally.failed,
        ...(ending === undefined ? {} : { conditions: withCondition(before.conditions, ending, now) }),
        ...(ending?.type === 'Complete' ? { completionTime: timestamp(now) } : {}),
      };
    });
  }

  private expire(job: Job): void {
    const { ttlSecondsAfterFinished } = job.spec;
    if (ttlSecondsAfterFinished === undefined) return;
    const finishedAt =
      job.status?.conditions?.find(({ status }) => status === 'True')?.lastTransitionTime ?? '';
    const waitMs = Date.parse(finishedAt) + ttlSecondsAfterFinished * 1000 - this.cluster.now().getTime();
    if (waitMs > 0) this.loop.again(job, waitMs);
    else this.jobs.remove(job.metadata, { propagationPolicy: 'Foreground' });
  }
}

export function isFinished(job: Job): boolean {
  return (job.status?.conditions ?? []).some(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  );
}

function endingOf(job: Job, { active, succeeded, failed }: Tally): Condition | undefined {
  const { completions, backoffLimit = 6 } = job.spec;
  const isComplete =
    completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions;
  if (isComplete)
    return {
      type: 'Complete',
      status: 'True',
      reason: 'CompletionsReached',
      message: 'Reached expected number of succeeded pods',
    };
  if (failed <= backoffLimit) return undefined;
  return {
    type: 'Failed',
    status: 'True',
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  };
}
