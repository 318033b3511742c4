/**
 * The texts that one node's containerd reads: its own configuration and the CNI network. Pure.
 */

export interface ContainerdFolders {
  /** Images and snapshots; may be deep. */
  root: string;
  /** Sockets, task state, Pod network namespaces; short, because socket paths may not exceed 107 bytes. */
  state: string;
  /** Both the node's own: what is put there concerns this node alone. */
  cniConfig: string;
  cniBinaries: string;
}

export interface ContainerdSettings {
  folders: ContainerdFolders;
  snapshotter: 'overlayfs' | 'native';
  pauseImage: string;
}

const unusedPlugins = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.monitor.v1.cgroups',
  'io.containerd.nri.v1.nri',
];

export const containerdSocket = (folders: Pick<ContainerdFolders, 'state'>): string =>
  `${folders.state}/containerd.sock`;

/** Where this containerd keeps the network namespaces of its Pods. */
export const podNamespaces = (folders: Pick<ContainerdFolders, 'state'>): string =>
  `${folders.state}/io.containerd.grpc.v1.cri/netns`;

export function containerdConfig({ folders, snapshotter, pauseImage }: ContainerdSettings): string {
  const cri = '[plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${quoted(folders.root)}
state = ${quoted(folders.state)}
disabled_plugins = [${unusedPlugins.map(quoted).join(', ')}]

[grpc]
  address = ${quoted(containerdSocket(folders))}

[ttrpc]
  address = ${quoted(`${containerdSocket(folders)}.ttrpc`)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${quoted(`${folders.root}/opt`)}

${cri}]
  sandbox_image = ${quoted(pauseImage)}
  disable_apparmor = true
  # Where the machine withholds CAP_SYS_RESOURCE runc may not lower the score and dies.
  restrict_oom_score_adj = true
  # Pod namespaces stay below our own folder, so that clean-up knows whose they are.
  netns_mounts_under_state_dir = true
  stats_collect_period = 600

  ${cri}.cni]
    bin_dir = ${quoted(folders.cniBinaries)}
    conf_dir = ${quoted(folders.cniConfig)}

  ${cri}.containerd]
    snapshotter = ${quoted(snapshotter)}
    default_runtime_name = "runc"

    ${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      ${cri}.containerd.runtimes.runc.options]
        Root = ${quoted(`${folders.state}/runc`)}
`;
}

/** Routed veths with one host route per Pod: with a bridge, replies of a Pod on the same node would miss the translation of Services. */
export function cniNetwork(name: string, podCidr: string, leaseFolder: string): string {
  return JSON.stringify({
    cniVersion: '0.4.0',
    name,
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: { type: 'host-local', subnet: podCidr, dataDir: leaseFolder, routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  });
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
