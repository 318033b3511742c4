/** Makes a Job of each CronJob when its time has come, and keeps only as many finished ones as it wants. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import { copyOf } from '../api/json.js';
import type { CronJob, Job } from '../api/workload-kinds.js';
import { timestamp } from '../api/metadata-rules.js';
import { parseCron } from './cron-schedule.js';
import { EventRecorder } from '../events/event-recorder.js';
import { ownerLoop } from './owner-loop.js';
import type { OwnerLoop } from './owner-loop.js';
import { isFinished } from './job.controller.js';
import { ownerReference } from './owned-objects.js';

/** Timers of longer than 24 days overflow; waking up hourly costs nothing. */
const longestWaitMs = 3_600_000;

export class CronJobController {
  private readonly cronJobs: KindClient<CronJob>;
  private readonly jobs: KindClient<Job>;
  private readonly events: EventRecorder;
  private readonly loop: OwnerLoop<CronJob, Job>;

  constructor(private readonly cluster: Cluster) {
    this.cronJobs = cluster.resource('cronjobs.batch');
    this.jobs = cluster.resource('jobs.batch');
    this.events = new EventRecorder(cluster, 'cronjob-controller');
    this.loop = ownerLoop(this.cronJobs, this.jobs, (owner) => this.reconcile(owner));
  }

  close(): Promise<void> {
    return this.loop.close();
  }

  private async reconcile(cronJob: CronJob): Promise<void> {
    if (cronJob.metadata.deletionTimestamp !== undefined) return;
    this.dropFinished(cronJob);
    if (cronJob.spec.suspend !== true) await this.startDue(cronJob);
    this.report(cronJob);
  }

  private async startDue(cronJob: CronJob): Promise<void> {
    const now = this.cluster.now();
    const schedule = parseCron(cronJob.spec.schedule);
    const since = new Date(cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp ?? now);
    const due = latestDue(schedule, since, now);
    if (due !== undefined) await this.start(cronJob, due);
    const next = schedule.nextAfter(now);
    if (next !== undefined)
      this.loop.again(cronJob, Math.min(longestWaitMs, next.getTime() - now.getTime() + 1));
  }

  private async start(cronJob: CronJob, due: Date): Promise<void> {
    const running = this.loop.ownedBy(cronJob).filter((job) => !isFinished(job));
    const { concurrencyPolicy } = cronJob.spec;
    if (concurrencyPolicy === 'Replace')
      for (const job of running) this.jobs.remove(job.metadata, { propagationPolicy: 'Background' });
    if (concurrencyPolicy !== 'Forbid' || running.length === 0) await this.createJob(cronJob, due);
    this.cronJobs.modifyStatus(cronJob.metadata, (draft) => {
      draft.status = { ...draft.status, lastScheduleTime: timestamp(due) };
    });
  }

  /** The minute is in the name, so a Job is never started twice for the same time. */
  private async createJob(cronJob: CronJob, due: Date): Promise<void> {
    const { jobTemplate } = cronJob.spec;
    const name = `${cronJob.metadata.name}-${Math.floor(due.getTime() / 60_000)}`;
    const namespace = cronJob.metadata.namespace ?? 'default';
    if (this.jobs.find(namespace, name) !== undefined) return;
    const { labels, annotations } = jobTemplate.metadata ?? {};
    const metadata = {
      name,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': timestamp(due) },
      ownerReferences: [ownerReference(this.cronJobs.definition, cronJob)],
    };
    await this.jobs.create({ metadata, spec: copyOf(jobTemplate.spec) });
    await this.events.record(cronJob, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created job ${name}`,
    });
  }

  private dropFinished(cronJob: CronJob): void {
    const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec;
    const drop = (type: string, limit: number): void => {
      const finished = this.loop
        .ownedBy(cronJob)
        .filter((job) =>
          job.status?.conditions?.some((held) => held.type === type && held.status === 'True'),
        );
      const oldest = finished.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
      for (const job of oldest.slice(0, Math.max(0, finished.length - limit)))
        this.jobs.remove(job.metadata, { propagationPolicy: 'Background' });
    };
    drop('Complete', successfulJobsHistoryLimit);
    drop('Failed', failedJobsHistoryLimit);
  }

  private report(cronJob: CronJob): void {
    const active = this.loop
      .ownedBy(cronJob)
      .filter((job) => !isFinished(job))
      .map(({ apiVersion, kind, metadata: { name, namespace = '', uid = '' } }) => ({
        apiVersion,
        kind,
        name,
        namespace,
        uid,
      }));
    this.cronJobs.modifyStatus(cronJob.metadata, (draft) => {
      draft.status = { ...draft.status, active };
    });
  }
}

/** Missed times are made up for once, by the latest of them. */
function latestDue(schedule: ReturnType<typeof parseCron>, since: Date, now: Date): Date | undefined {
  let latest: Date | undefined;
  for (
    let next = schedule.nextAfter(since);
    next !== undefined && next <= now;
    next = schedule.nextAfter(next)
  )
    latest = next;
  return latest;
}
