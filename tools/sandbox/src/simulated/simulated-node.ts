/** A node without a kernel: its Node object with lease and heartbeat, its machine id, and the Pods that are bound to it. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectKube, type KubeAccess } from '../node/kube/kube.client.js';
import type { Pod } from '../node/kube/kube-objects.js';
import { registerNode } from '../node/kubelet/node-registration.js';
import type { NodeAddresses } from '../node/network/address-plan.js';
import { PodAddresses } from './pod-addresses.js';
import { SimulatedPod } from './simulated-pod.js';

export interface SimulatedNodeOptions extends NodeAddresses {
  access: KubeAccess;
  name: string;
  /** Of this node alone. */
  folder: string;
  log(line: string): void;
}

export interface SimulatedNode extends NodeAddresses {
  name: string;
  machineIdPath: string;
}

export interface RunningNode {
  node: SimulatedNode;
  close(): void;
}

const readyTimeoutMs = 30_000;

export async function startSimulatedNode(options: SimulatedNodeOptions): Promise<RunningNode> {
  const { access, name, folder, address, podCidr } = options;
  const log = (line: string): void => options.log(`${name}: ${line}`);
  const machineId = randomBytes(16).toString('hex');
  const machineIdPath = join(folder, 'machine-id');
  await mkdir(folder, { recursive: true });
  await writeFile(machineIdPath, `${machineId}\n`);
  const kube = connectKube(access);
  const registration = await registerNode(
    kube,
    { nodeName: name, nodeAddress: address, podCidr, machineId },
    log,
  );
  const addresses = new PodAddresses(podCidr);
  const pods = new Map<string, SimulatedPod>();
  const ports = { kube, nodeName: name, nodeAddress: address, addresses, log };
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} has not seen its Pods within ${readyTimeoutMs / 1000} s`)),
      readyTimeoutMs,
    );
    kube.watch({
      path: '/api/v1/pods',
      fieldSelector: `spec.nodeName=${name}`,
      onUpsert: (object) => {
        const { uid } = object.metadata;
        const pod =
          pods.get(uid) ?? new SimulatedPod(object as Pod, { ...ports, onGone: () => void pods.delete(uid) });
        pods.set(uid, pod);
        pod.update(object as Pod);
      },
      onDelete: (object) => pods.get(object.metadata.uid)?.close(),
      onSynced: () => {
        clearTimeout(timer);
        resolve();
      },
    });
  });
  return {
    node: { name, address, podCidr, machineIdPath },
    close: () => {
      registration.close();
      kube.close();
      for (const pod of [...pods.values()]) pod.close();
    },
  };
}
