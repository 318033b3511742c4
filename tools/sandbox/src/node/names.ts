/**
 * The names of everything that an instance creates outside its data folder. Clean-up recognises leftovers by these names and by
 * nothing else, so whatever is created on the machine must be named here.
 */

const instancePattern = /^[a-z0-9]{1,6}$/;

export interface InstanceNames {
  bridge: string;
  /** State that must be gone after a reboot: sockets, containerd's state, network namespaces of Pods. */
  runFolder: string;
  /** Parent of every container's cgroup. */
  cgroup: string;
  netnsPrefix: string;
  linkPrefix: string;
}

export function instanceNames(instance: string): InstanceNames {
  if (!instancePattern.test(instance))
    throw new Error(`an instance id is 1 to 6 lower-case letters or digits, not "${instance}"`);
  return {
    bridge: `rfbr-${instance}`,
    runFolder: `/run/rf-sandbox-${instance}`,
    cgroup: `rf-sandbox-${instance}`,
    netnsPrefix: `rf-node-${instance}-`,
    linkPrefix: `rf${instance}n`,
  };
}

export const runFolderPrefix = '/run/rf-sandbox-';
export const nodeName = (node: number): string => `node-${node}`;
export const nodeNetns = (names: InstanceNames, node: number): string => `${names.netnsPrefix}${node}`;
/** Interface names have at most 15 characters: rf, six of the instance, n, three digits. */
export const nodeLink = (names: InstanceNames, node: number): string => `${names.linkPrefix}${node}`;
/** The pipes of programs that are run in containers besides their own. */
export const programsFolder = (names: InstanceNames): string => `${names.runFolder}/programs`;
