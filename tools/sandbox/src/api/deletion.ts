/** What a delete request does to an object: take it away now, or mark it and leave it to kubelets and finalizers. */
import { valueAt } from './json.js';
import type { KubeObject, ObjectMeta } from './kube-object.js';
import { timestamp } from './metadata-rules.js';
import type { ResourceDefinition } from './resource-definition.js';
import { conflict } from './status-error.js';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

const foregroundFinalizer = 'foregroundDeletion';
const orphanFinalizer = 'orphan';

/** The object as it has to be stored, or undefined when it goes away at once. */
export function markedForDeletion(
  object: KubeObject,
  options: DeleteOptions,
  now: Date,
): KubeObject | undefined {
  const graceSeconds = gracePeriodOf(object, options);
  const finalizers = finalizersFor(object, options);
  const holdsNamespace =
    object.kind === 'Namespace' &&
    ((valueAt(object, 'spec.finalizers') as string[] | undefined) ?? []).length > 0;
  if (graceSeconds === 0 && finalizers.length === 0 && !holdsNamespace) return undefined;
  const metadata: ObjectMeta = { ...object.metadata, ...deletionMarks(object, graceSeconds, now) };
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  const marked: KubeObject = { ...object, metadata };
  if (object.kind === 'Namespace') marked.status = { ...(object.status as object), phase: 'Terminating' };
  return marked;
}

/** Only Pods on a node end gracefully; everything else is gone as soon as its finalizers are. */
function gracePeriodOf(object: KubeObject, options: DeleteOptions): number {
  if (object.kind !== 'Pod' || !valueAt(object, 'spec.nodeName')) return 0;
  const phase = valueAt(object, 'status.phase');
  if (phase === 'Succeeded' || phase === 'Failed') return 0;
  const asked = options.gracePeriodSeconds ?? valueAt(object, 'spec.terminationGracePeriodSeconds');
  return typeof asked === 'number' && asked >= 0 ? Math.floor(asked) : 30;
}

function finalizersFor(object: KubeObject, options: DeleteOptions): string[] {
  const others = (object.metadata.finalizers ?? []).filter(
    (name) => name !== foregroundFinalizer && name !== orphanFinalizer,
  );
  const isOrphaning = options.propagationPolicy === 'Orphan' || options.orphanDependents === true;
  if (isOrphaning) return [...others, orphanFinalizer];
  if (options.propagationPolicy === 'Foreground') return [...others, foregroundFinalizer];
  return options.propagationPolicy === undefined ? (object.metadata.finalizers ?? []) : others;
}

/** A second request may shorten the wait, never lengthen it. */
function deletionMarks(object: KubeObject, graceSeconds: number, now: Date): Partial<ObjectMeta> {
  const due = timestamp(new Date(now.getTime() + graceSeconds * 1000));
  const { deletionTimestamp, deletionGracePeriodSeconds } = object.metadata;
  const shortest = Math.min(graceSeconds, deletionGracePeriodSeconds ?? graceSeconds);
  const earliest = deletionTimestamp !== undefined && deletionTimestamp < due ? deletionTimestamp : due;
  return { deletionTimestamp: earliest, deletionGracePeriodSeconds: shortest };
}

/** Whether a marked object has nothing left that holds it. */
export function isReleased(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0)
    return false;
  return (
    object.kind !== 'Namespace' ||
    ((valueAt(object, 'spec.finalizers') as string[] | undefined) ?? []).length === 0
  );
}

export function requirePreconditions(
  definition: ResourceDefinition,
  current: KubeObject,
  { preconditions }: DeleteOptions,
): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw conflict(
      definition,
      name,
      `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid}`,
    );
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw conflict(
      definition,
      name,
      `Precondition failed: ResourceVersion in object meta: ${resourceVersion}`,
    );
  }
}
