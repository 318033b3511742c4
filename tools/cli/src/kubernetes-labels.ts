/** Labels of a Kubernetes workload as the annotations that give them: where they stand in an object of each kind. Pure. */
import { usage } from './failure.js';

export interface KubernetesTarget {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
}
/** By label type; null takes the label away. */
export type Labelling = ReadonlyMap<string, string | null>;

interface KindPlace {
  readonly api: string;
  readonly plural: string;
  /** From the object to the metadata that is read. */
  readonly path: readonly string[];
}

const TEMPLATE = ['spec', 'template'];
const PLACES: Readonly<Record<string, KindPlace>> = {
  Deployment: { api: 'apis/apps/v1', plural: 'deployments', path: TEMPLATE },
  StatefulSet: { api: 'apis/apps/v1', plural: 'statefulsets', path: TEMPLATE },
  DaemonSet: { api: 'apis/apps/v1', plural: 'daemonsets', path: TEMPLATE },
  ReplicaSet: { api: 'apis/apps/v1', plural: 'replicasets', path: TEMPLATE },
  ReplicationController: { api: 'api/v1', plural: 'replicationcontrollers', path: TEMPLATE },
  CronJob: { api: 'apis/batch/v1', plural: 'cronjobs', path: ['spec', 'jobTemplate', ...TEMPLATE] },
  Pod: { api: 'api/v1', plural: 'pods', path: [] },
  Service: { api: 'api/v1', plural: 'services', path: [] },
};

/** A merge patch, and where to send it. */
export function labelPatch(
  { namespace, name, kind }: KubernetesTarget,
  labels: Labelling,
): { path: string; body: object } {
  const place = PLACES[kind];
  if (place === undefined)
    throw usage(
      `A ${kind} cannot be labelled once it exists: write ringfence.io/… annotations into its Pod template.`,
    );
  const annotations = Object.fromEntries([...labels].map(([key, value]) => [`ringfence.io/${key}`, value]));
  const body = [...place.path, 'metadata'].reduceRight<object>((inner, key) => ({ [key]: inner }), {
    annotations,
  });
  return { path: `/${place.api}/namespaces/${namespace}/${place.plural}/${name}`, body };
}
