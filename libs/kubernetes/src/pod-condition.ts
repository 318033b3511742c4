/** Writing a readiness condition into a Pod's status. */
import type { ApiClient } from './api-client.js';

export interface PodCondition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface PodConditionPatch {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly conditions: readonly PodCondition[];
  /** When the state changed. */
  readonly at: Date;
}

/** Throws ApiError: 404 when the Pod is gone, 409 when another Pod has its name now. */
export function patchPodConditions(
  client: ApiClient,
  pod: PodConditionPatch,
  signal?: AbortSignal,
): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/status`;
  const lastTransitionTime = `${pod.at.toISOString().slice(0, 19)}Z`;
  const body = {
    // The uid makes the server refuse a Pod that only has the name.
    metadata: { uid: pod.uid },
    status: {
      conditions: pod.conditions.map(({ type, status, reason, message }) => ({
        type,
        status: status ? 'True' : 'False',
        reason,
        message,
        lastTransitionTime,
      })),
    },
  };
  return client.patch(path, body, 'application/strategic-merge-patch+json', signal);
}

interface PodStatusView {
  readonly metadata?: { readonly uid?: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly reason?: string;
    }[];
  };
}

/** Whether the Pod has every condition in this state and for this reason, or is another one by now. Throws ApiError. */
export async function isConditionWritten(
  client: ApiClient,
  { namespace, name, uid, conditions }: PodConditionPatch,
  signal?: AbortSignal,
): Promise<boolean> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  const pod = await client.get<PodStatusView>(path, {}, signal);
  if (pod.metadata?.uid !== uid) return true;
  return conditions.every(({ type, status, reason }) => {
    const found = pod.status?.conditions?.find((each) => each.type === type);
    // What was ready stays so: an older word must not take back what somebody else wrote meanwhile.
    if (!status && found?.status === 'True') return true;
    return found?.status === (status ? 'True' : 'False') && found.reason === reason;
  });
}
