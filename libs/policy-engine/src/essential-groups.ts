/** Groups that no rule of people names and every agent needs; clas-cache answers them. */
import type { GroupId } from '@ringfence/contracts';
import { questionId } from './question.js';

/** Nodes whose agent judges what they hide behind their address. */
export const JUDGING_NODES: GroupId = questionId('essential', 'judging-nodes');
/** Every address of every node of the cluster, paired or not. */
export const CLUSTER_NODES: GroupId = questionId('essential', 'cluster-nodes');
/** Those that Kubernetes calls control-plane nodes. */
export const CONTROL_PLANE_NODES: GroupId = questionId('essential', 'control-plane-nodes');
/** The address ranges of Pods, as far as Kubernetes tells them. */
export const POD_NETWORKS: GroupId = questionId('essential', 'pod-networks');
