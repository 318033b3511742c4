import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubectlCluster } from './testing/kubectl-cluster.js';

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  labels: { app: shop }
spec:
  replicas: 2
  selector: { matchLabels: { app: shop } }
  template:
    metadata:
      labels: { app: shop }
      annotations: { example.com/owner: team-a }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: server
          image: example/shop:1
          ports: [{ containerPort: 8080 }]
          env:
            - { name: CATALOG, value: 'catalog:3550' }
            - { name: CART, value: 'cart:7070' }
          readinessProbe: { httpGet: { path: /healthz, port: 8080 } }
          resources: { requests: { cpu: 100m, memory: 64Mi }, limits: { cpu: 200m, memory: 128Mi } }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec:
  selector: { app: shop }
  ports: [{ name: http, port: 80, targetPort: 8080 }]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, shortNames: [wd] }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
      additionalPrinterColumns: [{ name: Size, type: integer, jsonPath: .spec.size }]
`;

/** One of everything that a Pod template commonly has: kubectl sends Jobs made of it as protobuf. */
const cronManifest = `
apiVersion: batch/v1
kind: CronJob
metadata: { name: report }
spec:
  schedule: '0 3 1 1 *'
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 0
          nodeSelector: { kubernetes.io/os: linux }
          securityContext: { runAsUser: 1000, runAsNonRoot: true, fsGroup: 0, supplementalGroups: [4, 5] }
          tolerations: [{ key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 5 }]
          volumes:
            - { name: scratch, emptyDir: { sizeLimit: 1Gi } }
            - { name: settings, configMap: { name: settings, items: [{ key: a, path: b }] } }
            - { name: keys, secret: { secretName: keys, defaultMode: 256 } }
            - { name: data, persistentVolumeClaim: { claimName: data } }
          initContainers: [{ name: first, image: 'example/init:1', command: [sh, -c, 'true'] }]
          containers:
            - name: main
              image: example/report:1
              args: [--all]
              ports: [{ name: http, containerPort: 8080 }]
              env:
                - { name: TARGET, value: 'db:5432' }
                - { name: NODE, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
                - { name: KEY, valueFrom: { secretKeyRef: { name: keys, key: k, optional: false } } }
              envFrom: [{ configMapRef: { name: settings } }]
              resources: { limits: { cpu: 100m }, requests: { cpu: 50m, memory: 1Mi } }
              volumeMounts: [{ name: scratch, mountPath: /tmp, readOnly: true }]
              livenessProbe: { httpGet: { path: /live, port: http }, initialDelaySeconds: 3 }
              readinessProbe: { tcpSocket: { port: 8080 } }
              startupProbe: { grpc: { port: 8080 } }
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`;

let world: KubectlCluster;
let folder: string;
let file: string;

beforeAll(async () => {
  world = await KubectlCluster.start();
  ({ folder } = world);
  world.server.useContainers({
    readLog: async function* (namespace, pod, container) {
      yield `${namespace} ${pod.slice(0, 4)} ${container}\n`;
    },
    startProgram: 'nothing runs here',
  });
  file = join(folder, 'shop.yaml');
  await writeFile(file, manifest);
});
afterAll(() => world.close());

const kubectl = (...words: string[]): Promise<string> => world.kubectl(...words);
const kubectlJson = <Value>(...words: string[]): Promise<Value> => world.json<Value>(...words);

describe('kubectl', () => {
  it('applies a manifest, and finds nothing to change when it applies it again', async () => {
    expect(await kubectl('apply', '-f', file)).toContain('deployment.apps/shop created');
    expect((await kubectl('apply', '-f', file)).match(/unchanged/g)).toHaveLength(3);
    expect(await kubectl('rollout', 'status', 'deployment/shop', '--timeout=10s')).toContain(
      'successfully rolled out',
    );
  });

  it('applies a changed manifest by the difference', async () => {
    await writeFile(
      file,
      manifest.replace("            - { name: CART, value: 'cart:7070' }\n", '').replace('shop:1', 'shop:2'),
    );
    expect(await kubectl('apply', '-f', file)).toContain('deployment.apps/shop configured');
    await kubectl('rollout', 'status', 'deployment/shop', '--timeout=10s');
    const { items } = await kubectlJson<{
      items: { spec: { containers: { image: string; env: unknown[] }[] } }[];
    }>('get', 'pods', '-l', 'app=shop');
    expect(items.map(({ spec }) => spec.containers[0]?.image)).toEqual(['example/shop:2', 'example/shop:2']);
    expect(items[0]?.spec.containers[0]?.env).toHaveLength(1);
  });

  it('gets and describes', async () => {
    const table = await kubectl('get', 'deployments,services,pods,nodes', '-o', 'wide');
    expect(table).toMatch(/deployment.apps\/shop\s+2\/2\s+2\s+2/);
    expect(table).toMatch(/service\/shop\s+ClusterIP\s+10\.96\.0\.\d+\s+<none>\s+80\/TCP/);
    expect(await kubectl('describe', 'deployment', 'shop')).toContain('ScalingReplicaSet');
    expect(await kubectl('describe', 'service', 'shop')).toMatch(/Endpoints:\s+10\.244\.0\.\d+:8080/);
    expect(await kubectl('get', 'events')).toContain('Successfully assigned default/shop-');
    expect(await kubectl('api-resources')).toMatch(/widgets\s+wd\s+example.com\/v1\s+true\s+Widget/);
  });

  it('scales, labels, annotates, sets an image and undoes it', async () => {
    await kubectl('scale', 'deployment/shop', '--replicas=3');
    await kubectl('label', 'deployment/shop', 'tier=front');
    await kubectl('annotate', 'deployment/shop', 'example.com/note=hello');
    await kubectl('set', 'image', 'deployment/shop', 'server=example/shop:3');
    await kubectl('rollout', 'status', 'deployment/shop', '--timeout=10s');
    await kubectl('rollout', 'undo', 'deployment/shop');
    await kubectl('rollout', 'status', 'deployment/shop', '--timeout=10s');
    const sets = await kubectl('get', 'replicasets', '-l', 'app=shop', '--no-headers');
    expect(
      sets
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)[1])
        .sort(),
    ).toEqual(['0', '0', '3']);
    expect(await kubectl('get', 'deployment', 'shop', '-L', 'tier')).toMatch(/3\/3\s+3\s+3\s+\S+\s+front/);
  });

  it('reads logs and waits for conditions', async () => {
    expect(await kubectl('logs', 'deployment/shop')).toContain('default shop server');
    expect(await kubectl('wait', '--for=condition=Available', 'deployment/shop', '--timeout=5s')).toContain(
      'condition met',
    );
  });

  it('creates namespaces and workloads from the command line', async () => {
    await kubectl('create', 'namespace', 'team');
    await kubectl(
      '-n',
      'team',
      'create',
      'deployment',
      'api',
      '--image=example/api:1',
      '--replicas=2',
      '--port=8080',
    );
    await kubectl('-n', 'team', 'expose', 'deployment', 'api', '--port=80', '--target-port=8080');
    await kubectl('-n', 'team', 'rollout', 'status', 'deployment/api', '--timeout=10s');
    await kubectl(
      '-n',
      'team',
      'create',
      'cronjob',
      'nightly',
      '--image=example/job:1',
      '--schedule=0 3 * * *',
      '--',
      'run',
      'all',
    );
    await kubectl('-n', 'team', 'create', 'job', 'once', '--from=cronjob/nightly');
    await kubectl('-n', 'team', 'create', 'configmap', 'settings', '--from-literal=a=1');
    await kubectl('-n', 'team', 'create', 'secret', 'generic', 'keys', '--from-literal=token=abc');
    await kubectl('-n', 'team', 'create', 'service', 'nodeport', 'out', '--tcp=80:8080', '--node-port=30080');
    await kubectl('-n', 'team', 'run', 'shell', '--image=example/shell:1', '--labels=a=b', '--env=X=1');
    const { spec } = await kubectlJson<{ spec: { template: { spec: { containers: unknown[] } } } }>(
      '-n',
      'team',
      'get',
      'deployment',
      'api',
    );
    expect(spec.template.spec.containers[0]).toMatchObject({
      name: 'api',
      image: 'example/api:1',
      ports: [{ containerPort: 8080, protocol: 'TCP' }],
    });
    const { data } = await kubectlJson<{ data: object }>('-n', 'team', 'get', 'secret', 'keys');
    expect(data).toEqual({ token: 'YWJj' });
    expect(await kubectl('-n', 'team', 'get', 'service', 'out')).toContain('80:30080/TCP');
    expect(await kubectl('-n', 'team', 'get', 'all')).toContain('cronjob.batch/nightly');
  });

  it('makes a Job of a CronJob without losing a field of its template', async () => {
    const cronFile = join(folder, 'cron.yaml');
    await writeFile(cronFile, cronManifest);
    await kubectl('apply', '-f', cronFile);
    await kubectl('create', 'job', 'by-hand', '--from=cronjob/report');
    interface Templated {
      template: { spec: object };
    }
    const cron = await kubectlJson<{ spec: { jobTemplate: { spec: Templated } } }>(
      'get',
      'cronjob',
      'report',
    );
    const job = await kubectlJson<{ spec: Templated }>('get', 'job', 'by-hand');
    expect(job.spec.template.spec).toEqual(cron.spec.jobTemplate.spec.template.spec);
    await kubectl('delete', '-f', cronFile);
    await kubectl('delete', 'job', 'by-hand', '--ignore-not-found');
  });

  it('deletes a namespace with everything in it', async () => {
    expect(await kubectl('delete', 'namespace', 'team', '--timeout=10s')).toContain('deleted');
    await expect(kubectl('get', 'namespace', 'team')).rejects.toThrow(/not found/);
  });

  it('applies on the server side, and handles custom objects', async () => {
    expect(await kubectl('apply', '--server-side', '--force-conflicts', '-f', file)).toContain(
      'serverside-applied',
    );
    const widget = join(folder, 'widget.yaml');
    await writeFile(
      widget,
      'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: big }\nspec: { size: 7 }\n',
    );
    expect(await kubectl('apply', '-f', widget)).toContain('widget.example.com/big created');
    expect(await kubectl('get', 'wd')).toMatch(/NAME\s+SIZE\s+AGE\nbig\s+7/);
    await writeFile(
      widget,
      'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: big }\nspec: { size: 8 }\n',
    );
    expect(await kubectl('apply', '-f', widget)).toContain('configured');
  });

  it('evicts, drains and cordons', async () => {
    expect(await kubectl('drain', 'node-1', '--ignore-daemonsets', '--force', '--timeout=10s')).toContain(
      'drained',
    );
    expect(await kubectl('get', 'node', 'node-1')).toContain('SchedulingDisabled');
    await kubectl('uncordon', 'node-1');
    await kubectl('rollout', 'status', 'deployment/shop', '--timeout=10s');
  });

  it('deletes what it applied', async () => {
    expect(await kubectl('delete', '-f', file, '--timeout=10s')).toContain('deployment.apps "shop" deleted');
    expect(await kubectl('get', 'pods')).toContain('No resources found');
    await expect(kubectl('get', 'widgets')).rejects.toThrow();
  });
});
