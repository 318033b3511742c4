/** The simulated cluster as its API server tells it: which Pods run where, and its names and Services. */
import { connectKube } from '@ringfence/sandbox';
import type { EndpointSlice, KubeAccess, KubeClient, KubeObject, Pod, Service } from '@ringfence/sandbox';
import { ClusterNetwork } from './cluster-network.js';

export interface ClusterEvents {
  /** It has an address; told once a Pod. */
  onPodStarted(pod: Pod): void;
  onPodEnded(pod: Pod): void;
}

const ENDED_PHASES = ['Succeeded', 'Failed'];

export class ClusterWatch {
  readonly kube: KubeClient;
  private readonly running = new Map<string, Pod>();
  private readonly services = new Map<string, Service>();
  private readonly slices = new Map<string, EndpointSlice>();
  private view: ClusterNetwork | undefined;
  private readonly unsynced = new Set(['Pods', 'Services', 'endpoint slices']);

  constructor(
    access: KubeAccess,
    private readonly events: ClusterEvents,
  ) {
    this.kube = connectKube(access);
    this.kube.watch({
      path: '/api/v1/pods',
      onUpsert: (object) => this.takePod(object as Pod),
      onDelete: (object) => this.end(object as Pod),
      onSynced: () => this.unsynced.delete('Pods'),
    });
    this.keep('/api/v1/services', this.services, 'Services');
    this.keep('/apis/discovery.k8s.io/v1/endpointslices', this.slices, 'endpoint slices');
  }

  availability(): true | string {
    return this.unsynced.size === 0 || `not listed yet: ${[...this.unsynced].join(', ')}`;
  }

  /** As of now. */
  network(): ClusterNetwork {
    this.view ??= new ClusterNetwork([...this.services.values()], [...this.slices.values()]);
    return this.view;
  }

  allServices(): readonly Service[] {
    return [...this.services.values()];
  }

  close(): void {
    this.kube.close();
  }

  private takePod(pod: Pod): void {
    const { status, metadata } = pod;
    const isUp =
      status?.podIP !== undefined &&
      !ENDED_PHASES.includes(status.phase ?? '') &&
      metadata.deletionTimestamp === undefined;
    if (!isUp) return this.end(pod);
    if (this.running.has(metadata.uid)) return;
    this.running.set(metadata.uid, pod);
    this.events.onPodStarted(pod);
  }

  private end({ metadata: { uid } }: Pod): void {
    const known = this.running.get(uid);
    if (known === undefined) return;
    this.running.delete(uid);
    this.events.onPodEnded(known);
  }

  private keep<Kind extends KubeObject>(path: string, kept: Map<string, Kind>, what: string): void {
    this.kube.watch({
      path,
      onUpsert: (object) => {
        kept.set(object.metadata.uid, object as Kind);
        this.view = undefined;
      },
      onDelete: (object) => {
        kept.delete(object.metadata.uid);
        this.view = undefined;
      },
      onSynced: () => this.unsynced.delete(what),
    });
  }
}
