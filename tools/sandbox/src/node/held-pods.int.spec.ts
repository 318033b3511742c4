/** A node's CNI chain gets one more plugin: what it does to some Pods must not reach the others. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, podSpec, startTestCluster, type TestCluster } from './testing/test-cluster.js';

let cluster: TestCluster;

/** Holds Pods called "held…" for as long as anybody waits, refuses those called "refused…", passes on the others. */
const plugin = `#!${process.execPath}
const name = /K8S_POD_NAME=([^;]*)/.exec(process.env.CNI_ARGS ?? '')?.[1] ?? '';
const isAdd = process.env.CNI_COMMAND === 'ADD';
const refusal = { cniVersion: '0.4.0', code: 11, msg: 'network is not ready: refused by the test' };
if (isAdd && name.startsWith('refused')) {
  console.log(JSON.stringify(refusal));
  process.exitCode = 1;
} else if (isAdd && name.startsWith('held')) setInterval(() => process.ppid === 1 && process.exit(1), 100);
else if (isAdd) {
  const { prevResult } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  console.log(JSON.stringify(prevResult));
}
`;

beforeAll(async () => {
  cluster = await startTestCluster();
  for (const { cni } of cluster.nodes.nodes) {
    await writeFile(join(cni.binaries, 'holder'), plugin, { mode: 0o755 });
    const file = join(cni.config, '10-sandbox.conflist');
    const list = JSON.parse(await readFile(file, 'utf8')) as { plugins: unknown[] };
    await writeFile(
      `${file}.new`,
      JSON.stringify({ ...list, plugins: [...list.plugins, { type: 'holder' }] }),
    );
    await rename(`${file}.new`, file);
  }
});

afterAll(async () => {
  await cluster?.close();
});

it('Pods that a plugin holds back hold no others, and are given up when they are deleted', async () => {
  const held = Array.from({ length: 10 }, (_, n) => `held-${n}`);
  await Promise.all(held.map((name) => cluster.createPod(name, { spec: podSpec() })));
  await cluster.createPod('free', { spec: podSpec() });
  await cluster.readyPod('free');
  const path = '/api/v1/namespaces/default/pods';
  await Promise.all(held.map((name) => cluster.kube.request('DELETE', `${path}/${name}`)));
  await eventually('those that were held are gone', async () => {
    const left = await Promise.all(held.map((name) => cluster.pod(name)));
    return left.every((pod) => pod === undefined);
  });
});

it('says in an event why a sandbox could not be made, and counts it while it tries again', async () => {
  await cluster.createPod('refused', { spec: podSpec() });
  const event = await eventually('it was tried twice', async () => {
    const { items } = await cluster.kube.request<{ items: SandboxEvent[] }>(
      'GET',
      '/api/v1/namespaces/default/events?fieldSelector=reason%3DFailedCreatePodSandBox',
    );
    return items.find(({ involvedObject, count }) => involvedObject.name === 'refused' && count >= 2);
  });
  expect(event.message).toContain('network is not ready: refused by the test');
});

interface SandboxEvent {
  involvedObject: { name: string };
  count: number;
  message: string;
}
