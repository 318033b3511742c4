/** Keeps one Pod of each DaemonSet on every node it fits, and replaces outdated ones a few at a time. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import { copyOf } from '../api/json.js';
import type { Node, Pod, PodSpec, PodTemplate } from '../api/kube-object.js';
import type { DaemonSet } from '../api/workload-kinds.js';
import { EventRecorder } from '../events/event-recorder.js';
import { ownerLoop } from './owner-loop.js';
import type { OwnerLoop } from './owner-loop.js';
import { misfit } from './node-fit.js';
import { isActive, isEnded, isPodReady, podFrom, shareOf, templateHash } from './pod-state.js';

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
  private readonly events: EventRecorder;
  private readonly loop: OwnerLoop<DaemonSet, Pod>;
  private readonly stopWatching: () => void;

  constructor(cluster: Cluster) {
    this.sets = cluster.resource('daemonsets.apps');
    this.pods = cluster.resource('pods');
    this.nodes = cluster.resource('nodes');
    this.events = new EventRecorder(cluster, 'daemonset-controller');
    this.loop = ownerLoop(this.sets, this.pods, (owner) => this.reconcile(owner));
    this.stopWatching = this.nodes.watch(() => this.loop.addAll());
  }

  async close(): Promise<void> {
    this.stopWatching();
    await this.loop.close();
  }

  private async reconcile(set: DaemonSet): Promise<void> {
    if (set.metadata.deletionTimestamp !== undefined) return;
    const template = daemonTemplate(set);
    const nodes = this.nodes.list().filter((node) => misfit(template.spec, node) === undefined);
    const names = new Set(nodes.map((node) => node.metadata.name));
    for (const pod of this.loop.ownedBy(set))
      if (isEnded(pod) || !names.has(nodeOf(pod))) this.removeOnce(pod);
    const covered = new Set(
      this.loop
        .ownedBy(set)
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
    const pods = this.loop.ownedBy(set);
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
    const active = this.loop.ownedBy(set).filter(isActive);
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
