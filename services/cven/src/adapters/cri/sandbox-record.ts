/** A sandbox out of containerd's record of its container, or out of the runtime interface's verbose status. Pure. */

export interface FoundSandbox {
  readonly id: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly name: string;
  /** Null for a Pod on the host's network: it has no firewall of its own. */
  readonly netns: string | null;
  readonly addresses: readonly string[];
}

export interface ContainerRecord {
  readonly id: string;
  readonly extensions: Readonly<Record<string, { readonly value: Buffer }>>;
}

interface Metadata {
  readonly name?: string;
  readonly uid?: string;
  readonly namespace?: string;
}

/** What containerd's CRI plugin keeps with the record, as JSON. */
interface SandboxExtension {
  readonly Metadata?: {
    readonly NetNSPath?: string;
    readonly IP?: string;
    readonly AdditionalIPs?: readonly string[] | null;
    readonly Config?: {
      readonly metadata?: Metadata;
      readonly linux?: {
        readonly security_context?: { readonly namespace_options?: { readonly network?: number } };
      };
    };
  };
}

const EXTENSION = 'io.cri-containerd.sandbox.metadata';
const NODE_NETWORK = 2;

/** Undefined for any container that is not a sandbox. */
export function sandboxOfRecord({ id, extensions }: ContainerRecord): FoundSandbox | undefined {
  const extension = extensions[EXTENSION];
  if (extension === undefined) return undefined;
  const { Metadata: found } = JSON.parse(extension.value.toString()) as SandboxExtension;
  const config = found?.Config;
  const onHost = config?.linux?.security_context?.namespace_options?.network === NODE_NETWORK;
  const addresses = [found?.IP ?? '', ...(found?.AdditionalIPs ?? [])].filter((address) => address !== '');
  return sandbox(id, config?.metadata, onHost ? null : found?.NetNSPath, addresses);
}

export interface SandboxStatus {
  readonly status: {
    readonly id: string;
    readonly metadata: Metadata | null;
    readonly network: {
      readonly ip: string;
      readonly additional_ips: readonly { readonly ip: string }[];
    } | null;
    readonly linux: {
      readonly namespaces: { readonly options: { readonly network: string } | null } | null;
    } | null;
  };
  readonly info: Readonly<Record<string, string>>;
}

interface VerboseInfo {
  readonly pid?: number;
  readonly runtimeSpec?: {
    readonly linux?: { readonly namespaces?: readonly { readonly type: string; readonly path?: string }[] };
  };
}

export function sandboxOfStatus({ status, info }: SandboxStatus): FoundSandbox | undefined {
  const onHost = status.linux?.namespaces?.options?.network === 'NODE';
  const verbose = JSON.parse(info['info'] ?? '{}') as VerboseInfo;
  const namespace = verbose.runtimeSpec?.linux?.namespaces?.find(({ type }) => type === 'network');
  // A runtime that gives no path gives a process; its namespace is as good while it runs.
  const path = namespace?.path ?? ((verbose.pid ?? 0) > 0 ? `/proc/${verbose.pid}/ns/net` : undefined);
  const addresses = [
    status.network?.ip ?? '',
    ...(status.network?.additional_ips ?? []).map(({ ip }) => ip),
  ].filter((address) => address !== '');
  return sandbox(status.id, status.metadata ?? undefined, onHost ? null : path, addresses);
}

/** Half a record is none: the list will bring the whole one. */
function sandbox(
  id: string,
  metadata: Metadata | undefined,
  netns: string | null | undefined,
  addresses: readonly string[],
): FoundSandbox | undefined {
  const { uid = '', namespace = '', name = '' } = metadata ?? {};
  if (uid === '' || netns === undefined || netns === '') return undefined;
  return { id, podUid: uid, namespace, name, netns, addresses };
}
