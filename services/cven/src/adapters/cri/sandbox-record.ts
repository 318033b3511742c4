/**
 * A sandbox out of containerd's record of its container, or out of the runtime interface's verbose status. Pure. What a
 * runtime says is foreign input: half a record is none, and the next list will bring the whole one.
 */
import { z } from 'zod';

export interface FoundSandbox {
  readonly id: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly name: string;
  /** Null for a Pod on the host's network: it has no firewall of its own. */
  readonly netns: string | null;
  /** Empty until its network is set up. */
  readonly addresses: readonly string[];
}

export interface ContainerRecord {
  readonly id: string;
  readonly extensions: Readonly<Record<string, { readonly value: Buffer }>>;
}

const PodMetadata = z.object({ uid: z.string().min(1), namespace: z.string(), name: z.string() });
const noMetadata = { uid: '', namespace: '', name: '' };
const addressList = z.array(z.string()).nullish();

/** What containerd's CRI plugin keeps with the record, as JSON. */
const Extension = z.object({
  Metadata: z.object({
    NetNSPath: z.string().default(''),
    IP: z.string().default(''),
    AdditionalIPs: addressList,
    Config: z.object({
      metadata: PodMetadata,
      linux: z
        .object({
          security_context: z.object({ namespace_options: z.object({ network: z.number().default(0) }) }),
        })
        .catch({ security_context: { namespace_options: { network: 0 } } }),
    }),
  }),
});

const EXTENSION = 'io.cri-containerd.sandbox.metadata';
const NODE_NETWORK = 2;

/** Whether the record is a sandbox's at all, however incomplete it still is. */
export function isSandboxRecord({ extensions }: ContainerRecord): boolean {
  return extensions[EXTENSION] !== undefined;
}

/** Undefined for any container that is not a sandbox, and for a sandbox that has no network namespace yet. */
export function sandboxOfRecord({ id, extensions }: ContainerRecord): FoundSandbox | undefined {
  const extension = extensions[EXTENSION];
  const parsed = extension && Extension.safeParse(JSON.parse(extension.value.toString()));
  if (parsed?.success !== true) return undefined;
  const { NetNSPath, IP, AdditionalIPs, Config } = parsed.data.Metadata;
  const onHost = Config.linux.security_context.namespace_options.network === NODE_NETWORK;
  return sandbox(id, Config.metadata, { onHost, path: NetNSPath, addresses: [IP, ...(AdditionalIPs ?? [])] });
}

/** As the subset proto decodes it; `info` is the runtime's own JSON. */
export interface SandboxStatus {
  readonly status: unknown;
  readonly info: Readonly<Record<string, string>>;
}

const Status = z.object({
  id: z.string(),
  metadata: PodMetadata.catch(noMetadata),
  network: z
    .object({ ip: z.string(), additional_ips: z.array(z.object({ ip: z.string() })) })
    .catch({ ip: '', additional_ips: [] }),
  linux: z
    .object({ namespaces: z.object({ options: z.object({ network: z.string() }) }) })
    .catch({ namespaces: { options: { network: 'POD' } } }),
});

const Readiness = z.object({ state: z.string() });

/** Of a status as of an item of a list. */
export function isReady(said: unknown): boolean {
  return Readiness.safeParse(said).data?.state === 'SANDBOX_READY';
}

const VerboseInfo = z.object({
  pid: z.number().catch(0),
  runtimeSpec: z
    .object({
      linux: z.object({ namespaces: z.array(z.object({ type: z.string(), path: z.string().default('') })) }),
    })
    .catch({ linux: { namespaces: [] } }),
});

export function sandboxOfStatus({ status, info }: SandboxStatus): FoundSandbox | undefined {
  const { id, metadata, network, linux } = Status.parse(status);
  const { pid, runtimeSpec } = VerboseInfo.parse(JSON.parse(info['info'] ?? '{}'));
  const named = runtimeSpec.linux.namespaces.find(({ type }) => type === 'network')?.path ?? '';
  // A runtime that gives no path gives a process; its namespace is as good while it runs.
  const path = named === '' && pid > 0 ? `/proc/${pid}/ns/net` : named;
  const addresses = [network.ip, ...network.additional_ips.map(({ ip }) => ip)];
  return sandbox(id, metadata, { onHost: linux.namespaces.options.network === 'NODE', path, addresses });
}

interface SandboxNetwork {
  readonly onHost: boolean;
  readonly path: string;
  readonly addresses: readonly string[];
}

function sandbox(
  id: string,
  { uid, namespace, name }: z.infer<typeof PodMetadata>,
  network: SandboxNetwork,
): FoundSandbox | undefined {
  if (uid === '' || (!network.onHost && network.path === '')) return undefined;
  const addresses = network.addresses.filter((address) => address !== '');
  return { id, podUid: uid, namespace, name, netns: network.onHost ? null : network.path, addresses };
}
