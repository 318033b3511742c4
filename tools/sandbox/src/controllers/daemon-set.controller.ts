/** Keeps one Pod of each DaemonSet on every node it fits, and replaces outdated ones a few at a time. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import { copyOf } from '../api/json.js';
import type { Node, Pod, PodSpec, PodTemplate } from '../api/kube-object.js';
import type { DaemonSet } from '../api/workload-kinds.js';
import { EventRecorder } from './event-recorder.js';
import { misfit } from './node-fit.js';
import { OwnedObjects } from './owned-objects.js';
import { isActive, isEnded, isPodReady, podFrom, shareOf, templateHash } from './pod-state.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

const hashLabel = 'controller-revision-hash';
/** Daemons start on nodes that repel everything else: they are often what makes a node usable. */
const tolerated = [
  'not-ready',
  'unreachable',
  'disk-pressure',
  'memory-pressure',
  'pid-pressure',
  'unschedulable',
  'network-unavailable',
];

export class DaemonSetController {
  private readonly sets: KindClient<DaemonSet>;
  private readonly pods: KindClient<Pod>;
  private readonly nodes: KindClient<Node>;
  private readonly owned: OwnedObjects<Pod>;
  private readonly events: EventRecorder;
  private readonly queue = new WorkQueue((key) => this.reconcile(key));
  private readonly stops: (() => void)[];

  constructor(cluster: Cluster) {
    this.sets = cluster.resource('daemonsets.apps');
    this.pods = cluster.resource('pods');
    this.nodes = cluster.resource('nodes');
    this.events = new EventRecorder(cluster, 'daemonset-controller');
    this.owned = new OwnedObjects(this.pods, (owner, pod) => {
      if (owner.kind === 'DaemonSet') this.queue.add(`${pod.metadata.namespace}/${owner.name}`);
    });
    const addAll = (): void => this.sets.list().forEach((set) => this.queue.add(keyOf(set)));
    this.stops = [this.sets.watch(({ object }) => this.queue.add(keyOf(object))), this.nodes.watch(addAll)];
    addAll();
  }

  async close(): Promise<void> {
    this.stops.forEach((stop) => stop());
    this.owned.close();
    await this.queue.close();
  }

  private async reconcile(key: string): Promise<void> {
    const { namespace, name } = targetOfKey(key);
    const set = this.sets.find(namespace, name);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const template = daemonTemplate(set);
    const nodes = this.nodes.list().filter((node) => misfit(template.spec, node) === undefined);
    const names = new Set(nodes.map((node) => node.metadata.name));
    for (const pod of this.owned.of(set)) if (isEnded(pod) || !names.has(nodeOf(pod))) this.removeOnce(pod);
    const covered = new Set(
      this.owned
        .of(set)
        .filter((pod) => !isEnded(pod))
        .map(nodeOf),
    );
    for (const node of names) if (!covered.has(node)) await this.place(set, template, node);
    this.replaceOutdated(set, names.size);
    this.report(set, names);
  }

  private async place(set: DaemonSet, template: PodTemplate, node: string): Promise<void> {
    const metadata = {
      generateName: `${set.metadata.name}-`,
      labels: { [hashLabel]: templateHash(set.spec.template) },
    };
    const draft = podFrom({ definition: this.sets.definition, object: set }, template, metadata);
    draft.spec.affinity = {
      ...draft.spec.affinity,
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
        },
      },
    };
    const pod = await this.pods.create(draft);
    await this.events.record(set, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${pod.metadata.name}`,
    });
  }

  private replaceOutdated(set: DaemonSet, nodeCount: number): void {
    if (set.spec.updateStrategy?.type === 'OnDelete') return;
    const pods = this.owned.of(set);
    const outdated = pods.filter(
      (pod) => isActive(pod) && pod.metadata.labels?.[hashLabel] !== templateHash(set.spec.template),
    );
    const allowed = Math.max(
      1,
      shareOf(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable, nodeCount, Math.ceil),
    );
    const isUp = (pod: Pod): boolean => isActive(pod) && isPodReady(pod);
    const broken = outdated.filter((pod) => !isUp(pod));
    const room = Math.max(0, allowed - pods.filter((pod) => !isUp(pod)).length);
    for (const pod of [...broken, ...outdated.filter(isUp).slice(0, room)]) this.removeOnce(pod);
  }

  private removeOnce(pod: Pod): void {
    if (pod.metadata.deletionTimestamp === undefined) this.pods.remove(pod.metadata);
  }

  private report(set: DaemonSet, nodes: ReadonlySet<string>): void {
    const active = this.owned.of(set).filter(isActive);
    const ready = active.filter(isPodReady).length;
    const updated = active.filter(
      (pod) => pod.metadata.labels?.[hashLabel] === templateHash(set.spec.template),
    ).length;
    const unavailable = nodes.size - ready;
    this.sets.modifyStatus(set.metadata, (draft) => {
      draft.status = {
        currentNumberScheduled: active.filter((pod) => nodes.has(nodeOf(pod))).length,
        numberMisscheduled: active.filter((pod) => !nodes.has(nodeOf(pod))).length,
        desiredNumberScheduled: nodes.size,
        numberReady: ready,
        numberAvailable: ready,
        updatedNumberScheduled: updated,
        observedGeneration: set.metadata.generation ?? 1,
        ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
      };
    });
  }
}

/** Before the scheduler has bound the Pod, its affinity says which node it is meant for. */
function nodeOf(pod: Pod): string {
  const { nodeName, affinity } = pod.spec;
  if (nodeName !== undefined) return nodeName;
  const terms =
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const fields = terms.flatMap(({ matchFields = [] }) => matchFields);
  return fields[0]?.values?.[0] ?? '';
}

function daemonTemplate(set: DaemonSet): PodTemplate {
  const template = copyOf(set.spec.template);
  const spec: PodSpec = template.spec;
  const added = tolerated.map((state) => ({ key: `node.kubernetes.io/${state}`, operator: 'Exists' }));
  spec.tolerations = [...(spec.tolerations ?? []), ...added];
  return template;
}
