/**
 * A host beside the cluster: a network namespace on the nodes' network, with an address of its own that no node and no Pod has.
 * It bears names of the sandbox's, so that whatever removes the sandbox removes it too.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { clusterNodes, sandboxInstance } from './nodes.js';
import { access } from './world.js';

const run = promisify(execFile);

export interface OutsideHost {
  readonly address: string;
  readonly netns: string;
  close(): Promise<void>;
}

/** Nodes count from .11, and there are few of them. */
const FIRST_ADDRESS = 240;
const FIRST_LINK = 900;
let made = 0;

export async function outsideHost(): Promise<OutsideHost> {
  const instance = sandboxInstance();
  const number = made++;
  const name = `rf-node-${instance}-outside-${number}`;
  const link = `rf${instance}n${FIRST_LINK + number}`;
  const address = access.hostAddress.replace(/\.1$/, `.${FIRST_ADDRESS + number}`);
  const ip = (...args: string[]): Promise<unknown> => run('ip', args);
  await ip('netns', 'add', name);
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  await ip('link', 'set', link, 'master', `rfbr-${instance}`, 'up');
  await ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0');
  for (const device of ['lo', 'eth0']) await ip('-n', name, 'link', 'set', device, 'up');
  // It knows the way to Pods: whether it may go there is another matter.
  for (const node of await clusterNodes())
    await ip('-n', name, 'route', 'add', node.podCidr, 'via', node.address);
  return { address, netns: `/run/netns/${name}`, close: async () => void (await ip('netns', 'del', name)) };
}
