/**
 * The cluster's own objects that every real cluster has: the name server as a Deployment behind a Service in kube-system. What answers
 * is a process of the node agent inside the Pod's network namespace; the annotation asks for it.
 */
import { type KubeAccess, connectKube } from './kube/kube.client.js';
import { sandboxAnnotations } from './kubelet/agent-config.js';

export const nameServerAddress = '10.96.0.10';

const labels = { 'k8s-app': 'kube-dns' };
const namespace = 'kube-system';

export async function createClusterDns(access: KubeAccess): Promise<void> {
  const kube = connectKube(access);
  try {
    await kube.request('POST', `/api/v1/namespaces/${namespace}/services`, service);
    await kube.request('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, deployment);
  } finally {
    kube.close();
  }
}

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'kube-dns', namespace, labels: { ...labels, 'kubernetes.io/name': 'CoreDNS' } },
  spec: {
    clusterIP: nameServerAddress,
    selector: labels,
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
      { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
    ],
  },
};

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'coredns', namespace, labels },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels, annotations: { [sandboxAnnotations.program]: 'dns' } },
      spec: {
        // Its own name server it could not ask before it answers.
        dnsPolicy: 'Default',
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'coredns',
            image: 'coredns',
            ports: [
              { name: 'dns', protocol: 'UDP', containerPort: 53 },
              { name: 'dns-tcp', protocol: 'TCP', containerPort: 53 },
            ],
            readinessProbe: { tcpSocket: { port: 53 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
};
