/** Binds Pods to nodes: of those that fit, the one with the fewest Pods, by name among equals. Pods that fit nowhere wait for a change. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { Node, Pod } from '../api/kube-object.js';
import { EventRecorder } from '../events/event-recorder.js';
import { misfit } from './node-fit.js';
import { isEnded, withCondition } from './pod-state.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

const defaultPodsPerNode = 110;

export class SchedulerController {
  private readonly pods: KindClient<Pod>;
  private readonly nodes: KindClient<Node>;
  private readonly events: EventRecorder;
  private readonly podCounts = new Map<string, number>();
  private readonly unschedulable = new Set<string>();
  private readonly queue = new WorkQueue((key) => this.schedule(key));
  private readonly stops: (() => void)[];

  constructor(private readonly cluster: Cluster) {
    this.pods = cluster.resource('pods');
    this.nodes = cluster.resource('nodes');
    this.events = new EventRecorder(cluster, 'default-scheduler');
    this.stops = [
      this.pods.watch(({ type, object, previous }) =>
        this.onPod(type === 'DELETED' ? undefined : object, previous),
      ),
      this.nodes.watch(() => this.retry()),
    ];
    for (const pod of this.pods.list()) this.onPod(pod, undefined);
  }

  async close(): Promise<void> {
    this.stops.forEach((stop) => stop());
    await this.queue.close();
  }

  private onPod(pod: Pod | undefined, previous: Pod | undefined): void {
    this.count(previous, -1);
    this.count(pod, 1);
    if (pod === undefined) {
      if (previous !== undefined) this.unschedulable.delete(keyOf(previous));
      this.retry();
      return;
    }
    const isMine = (pod.spec.schedulerName ?? 'default-scheduler') === 'default-scheduler';
    if (previous === undefined && !pod.spec.nodeName && isMine) this.queue.add(keyOf(pod));
  }

  private count(pod: Pod | undefined, step: number): void {
    const node = pod?.spec.nodeName;
    if (pod === undefined || !node || isEnded(pod)) return;
    this.podCounts.set(node, (this.podCounts.get(node) ?? 0) + step);
  }

  private retry(): void {
    for (const key of this.unschedulable) this.queue.add(key);
  }

  private async schedule(key: string): Promise<void> {
    const { namespace, name } = targetOfKey(key);
    const pod = this.pods.find(namespace, name);
    this.unschedulable.delete(key);
    if (pod === undefined || pod.spec.nodeName || pod.metadata.deletionTimestamp !== undefined) return;
    const reasons = new Map<string, number>();
    const fitting = this.nodes.list().filter((node) => {
      const reason = misfit(pod.spec, node) ?? this.fullness(node);
      if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      return reason === undefined;
    });
    const chosen = fitting.sort(
      (left, right) =>
        this.load(left) - this.load(right) || (left.metadata.name < right.metadata.name ? -1 : 1),
    )[0];
    if (chosen === undefined) return this.refuse(pod, reasons);
    this.cluster.bind(namespace, name, chosen.metadata.name);
    const message = `Successfully assigned ${key} to ${chosen.metadata.name}`;
    await this.events.record(pod, { type: 'Normal', reason: 'Scheduled', message });
  }

  private load(node: Node): number {
    return this.podCounts.get(node.metadata.name) ?? 0;
  }

  private fullness(node: Node): string | undefined {
    const limit = Number(node.status?.allocatable?.['pods'] ?? defaultPodsPerNode);
    return this.load(node) >= limit ? 'Too many pods' : undefined;
  }

  /** The event is written once per wording, not once per attempt. */
  private async refuse(pod: Pod, reasons: ReadonlyMap<string, number>): Promise<void> {
    this.unschedulable.add(keyOf(pod));
    const total = this.nodes.list().length;
    const details = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(', ');
    const message =
      total === 0 ? 'no nodes available to schedule pods' : `0/${total} nodes are available: ${details}.`;
    const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
    if (before === message) return;
    this.pods.modifyStatus(pod.metadata, (draft) => {
      const condition = { type: 'PodScheduled', status: 'False' as const, reason: 'Unschedulable', message };
      draft.status = {
        ...draft.status,
        conditions: withCondition(draft.status?.conditions, condition, this.cluster.now()),
      };
    });
    await this.events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
  }
}
