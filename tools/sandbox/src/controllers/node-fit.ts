/** Whether a Pod may run on a node: selector, required node affinity, taints. Returns why not, in the scheduler's words. */
import type { LabelRequirement, Node, NodeSelectorTerm, PodSpec, Toleration } from '../api/kube-object.js';
import { matchesLabels, meetsAll } from '../api/selector.js';

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

export function misfit(spec: PodSpec, node: Node): string | undefined {
  if (!isSelected(spec, node)) return "node(s) didn't match Pod's node affinity/selector";
  const tolerations = spec.tolerations ?? [];
  const refused = taintsOf(node).find(
    (taint) => taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations),
  );
  if (refused === undefined) return undefined;
  if (refused.key === unschedulableKey) return 'node(s) were unschedulable';
  return `node(s) had untolerated taint {${refused.key}: ${refused.value ?? ''}}`;
}

function isSelected({ nodeSelector = {}, affinity }: PodSpec, node: Node): boolean {
  if (!matchesLabels(node.metadata.labels, nodeSelector)) return false;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => meetsTerm(term, node));
}

const unschedulableKey = 'node.kubernetes.io/unschedulable';

/** A cordoned or unready node repels Pods as if it carried the taint Kubernetes would put on it. */
function taintsOf(node: Node): Taint[] {
  const taints: Taint[] = [...(node.spec.taints ?? [])];
  if (node.spec.unschedulable === true) taints.push({ key: unschedulableKey, effect: 'NoSchedule' });
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready !== undefined && ready.status !== 'True')
    taints.push({ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' });
  return taints;
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => {
    if (toleration.effect && toleration.effect !== taint.effect) return false;
    if (toleration.operator === 'Exists') return !toleration.key || toleration.key === taint.key;
    return toleration.key === taint.key && (toleration.value ?? '') === (taint.value ?? '');
  });
}

/** An empty term matches no node. */
function meetsTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const fields: Record<string, string> = { 'metadata.name': node.metadata.name };
  return (
    meetsAll(node.metadata.labels, matchExpressions as LabelRequirement[]) && meetsAll(fields, matchFields)
  );
}
