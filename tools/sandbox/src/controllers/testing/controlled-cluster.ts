/** A cluster of two nodes with all its controllers, for one spec after another, and what they ask of it. */
import type { Cluster } from '../../api/cluster.js';
import type { Pod } from '../../api/kube-object.js';
import { startApiServer } from '../../api/server.js';
import type { ApiServer } from '../../api/server.js';
import { eventually } from '../../api/testing/api-client.js';
import type { Deployment } from '../../api/workload-kinds.js';
import { startControllers } from '../start-controllers.js';
import type { Controllers } from '../start-controllers.js';
import { startFakeKubelet } from './fake-kubelet.js';
import type { FakeKubelet } from './fake-kubelet.js';

export const namespace = 'default';
export const metadata = (name: string): { name: string; namespace: string } => ({ name, namespace });
export const template = (app: string, image = 'app:1'): Pod & { metadata: object } =>
  ({
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'main', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
  }) as never;
export const selector = (app: string): { matchLabels: Record<string, string> } => ({ matchLabels: { app } });

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

export class ControlledCluster {
  private constructor(
    private readonly server: ApiServer,
    private readonly controllers: Controllers,
    private running: FakeKubelet,
  ) {}

  static async start(): Promise<ControlledCluster> {
    const server = await startApiServer();
    const controllers = await startControllers({ cluster: server.cluster });
    return new ControlledCluster(
      server,
      controllers,
      await startFakeKubelet(server.cluster, ['node-1', 'node-2']),
    );
  }

  get cluster(): Cluster {
    return this.server.cluster;
  }

  get kubelet(): FakeKubelet {
    return this.running;
  }

  /** From now on these nodes run Pods. */
  async runOn(nodes: readonly string[]): Promise<void> {
    await this.running.close();
    this.running = await startFakeKubelet(this.cluster, nodes);
  }

  async close(): Promise<void> {
    await this.running.close();
    await this.controllers.close();
    await this.server.close();
  }

  podsOf(app: string): Pod[] {
    return this.cluster
      .resource('pods')
      .list(namespace)
      .filter((pod) => pod.metadata.labels?.['app'] === app);
  }

  readyPods(app: string, count: number): Promise<Pod[]> {
    return eventually(() => {
      const pods = this.podsOf(app);
      return (
        pods.length === count &&
        pods.every((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined) &&
        pods
      );
    }, `${count} ready pods of ${app}`);
  }

  async deploy(name: string, spec: Partial<Deployment['spec']> = {}): Promise<void> {
    const full = { replicas: 2, selector: selector(name), template: template(name), ...spec };
    await this.cluster.resource('deployments.apps').create({ metadata: metadata(name), spec: full });
  }

  settled(name: string): Promise<Deployment> {
    return eventually(() => {
      const deployment = this.cluster.resource('deployments.apps').find(namespace, name);
      return deployment !== undefined && isRolledOut(deployment) && deployment;
    }, `${name} rolled out`);
  }
}

function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  const counts = [status?.replicas, status?.updatedReplicas, status?.availableReplicas];
  return (
    status?.observedGeneration === metadata.generation && counts.every((count) => count === spec.replicas)
  );
}
