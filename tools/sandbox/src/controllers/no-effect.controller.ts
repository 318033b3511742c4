/** Says of what is stored and has no effect in the sandbox that it has none: once, in an event on the object. */
import type { Cluster } from '../api/cluster.js';
import { valueAt } from '../api/json.js';
import type { KubeObject } from '../api/kube-object.js';
import { EventRecorder } from '../events/event-recorder.js';
import type { EventText } from '../events/event-correlator.js';

interface Effect {
  readonly type: EventText['type'];
  /** Undefined: there is nothing to say of this one. */
  readonly missing: (object: KubeObject, cluster: Cluster) => string | undefined;
}

const normally = (message: string): Effect => ({ type: 'Normal', missing: () => message });

const effects: Readonly<Record<string, Effect>> = {
  'ingresses.networking.k8s.io': normally('no ingress controller runs in the sandbox: nothing is routed'),
  'horizontalpodautoscalers.autoscaling': normally('the sandbox measures no load: replicas stay as they are'),
  'networkpolicies.networking.k8s.io': normally(
    'the network of the sandbox enforces none by itself: Ringfence does, in the namespaces that it manages',
  ),
  'priorityclasses.scheduling.k8s.io': normally(
    'Pods are placed as they come: none goes first, none is preempted',
  ),
  resourcequotas: normally('nothing is counted against it: capacity in the sandbox is a promise'),
  limitranges: normally('it gives containers no defaults and refuses none'),
  persistentvolumeclaims: { type: 'Normal', missing: withoutClass },
};

/** Claims are bound in any case. */
function withoutClass(claim: KubeObject, cluster: Cluster): string | undefined {
  const name = valueAt(claim, 'spec.storageClassName');
  if (typeof name !== 'string' || name === '') return undefined;
  const classes = cluster.catalog.named('storageclasses.storage.k8s.io');
  if (cluster.find(classes, undefined, name) !== undefined) return undefined;
  return `there is no storage class "${name}" here: the claim is bound all the same, and keeps nothing`;
}

export class NoEffectController {
  private readonly events: EventRecorder;
  private readonly stops: (() => void)[];
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly cluster: Cluster) {
    this.events = new EventRecorder(cluster, 'sandbox');
    this.stops = Object.entries(effects).map(([resource, effect]) =>
      cluster.store.collection(resource).subscribe(({ type, object }) => {
        if (type === 'ADDED') this.turn = this.turn.then(() => this.say(object, effect));
      }),
    );
  }

  async close(): Promise<void> {
    this.stops.forEach((stop) => stop());
    await this.turn;
  }

  private async say(object: KubeObject, { type, missing }: Effect): Promise<void> {
    const message = missing(object, this.cluster);
    if (message !== undefined) await this.events.record(object, { type, reason: 'NoEffect', message });
  }
}
