/** For specs: a Deployment `web` with its ReplicaSet in a cluster, and Pods of it as they are asked for. */
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import type { ApiServer } from '@ringfence/sandbox';

export interface WebDeployment {
  readonly deployment: string;
  /** Answers its name. */
  pod(suffix: string, gate?: string): Promise<string>;
}

const container = {
  name: 'c',
  image: 'i',
  ports: [{ name: 'http', containerPort: 8080 }],
  readinessProbe: { httpGet: { port: 'http' } },
};
const template = {
  metadata: { labels: { app: 'web' }, annotations: { 'com.illumio.role': 'web' } },
  spec: { containers: [container] },
};

const named = (name: string, more = {}) => ({ metadata: { name, namespace: 'default', ...more } });
const controlledBy = (kind: string, object: { metadata: { name: string; uid?: string } }) => ({
  ownerReferences: [
    {
      apiVersion: 'apps/v1',
      kind,
      name: object.metadata.name,
      uid: object.metadata.uid ?? '',
      controller: true,
    },
  ],
});

export async function makeWeb({ cluster }: ApiServer): Promise<WebDeployment> {
  const name = `web-${Math.random().toString(36).slice(2, 8)}`;
  const spec = { selector: { matchLabels: { app: 'web' } }, template };
  const deployment = await cluster.resource('deployments.apps').create({ ...named(name), spec } as never);
  const replicaSet = await cluster
    .resource('replicasets.apps')
    .create({ ...named(`${name}-1`, controlledBy('Deployment', deployment)), spec } as never);
  const pod = async (suffix: string, gate?: string): Promise<string> => {
    const made = await cluster.resource('pods').create({
      ...named(`${name}-1-${suffix}`, {
        ...controlledBy('ReplicaSet', replicaSet),
        labels: { app: 'web' },
        annotations: template.metadata.annotations,
      }),
      spec: {
        ...template.spec,
        nodeName: 'n1',
        ...(gate !== undefined && { readinessGates: [{ conditionType: gate }] }),
      },
    } as never);
    return made.metadata.name;
  };
  return { deployment: name, pod };
}
