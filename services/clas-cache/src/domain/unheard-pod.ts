/** That a node tells of, and Kubernetes has not told, or not where it can be reached. */
export interface UnheardPod {
  readonly node: string;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}
