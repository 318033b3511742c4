/** Steps of the truth table of NetworkPolicies, one after the other, in one cluster. */
import { TRUTH_CLUSTER } from '@ringfence/cluster-facts/testing';
import type { JudgedCluster, TruthStep, WrittenPolicy } from '@ringfence/cluster-facts/testing';
import { formOf, PolicyBed } from './policy-bed.js';

export const VISIBLE = {
  shop: 'visibility_only',
  bank: 'visibility_only',
  attic: 'visibility_only',
} as const;

export class PlayedTruth {
  readonly bed = new PolicyBed(VISIBLE);
  private pods = TRUTH_CLUSTER.pods;
  private policies = 0;

  constructor() {
    for (const one of this.pods) this.bed.setPod(one);
    for (const [name, labels] of TRUTH_CLUSTER.namespaces) this.bed.setNamespace(name, labels);
  }

  get cluster(): JudgedCluster {
    return { ...TRUTH_CLUSTER, pods: this.pods, policies: [] };
  }

  step({ pods = {}, namespaces = {}, policies }: TruthStep): void {
    this.pods = this.pods.map((one) => ({
      ...one,
      labels: pods[`${one.namespace}/${one.name}`] ?? one.labels,
    }));
    for (const one of this.pods) this.bed.setPod(one);
    for (const [name, labels] of Object.entries(namespaces)) this.bed.setNamespace(name, labels);
    if (policies !== undefined) this.apply(policies);
    this.bed.flush();
  }

  private apply(policies: readonly WrittenPolicy[]): void {
    policies.forEach((written, i) => this.bed.setPolicy(`policy-${i}`, formOf(written)));
    for (let i = policies.length; i < this.policies; i++) this.bed.setPolicy(`policy-${i}`, null);
    this.policies = policies.length;
  }
}
