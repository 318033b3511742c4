/**
 * What a C-VEN is made of. Functions put it together, not Nest: an agent has no routes, and on every node the framework
 * would be a sixth of its memory (docs/decisions/0016).
 *
 *   container runtime ──sandboxes──▶ PodRuntimeClient ──┐
 *   clas-cache ──snapshot, deltas──▶ NodeViewReader ────┴▶ NodeAgent ──▶ EnforcedPlace (one per namespace)
 *        ▲                                                  │                  │ scripts, dumps
 *        └──acks, flows, sandboxes, heartbeats── Uplink ◀───┘                  ▼
 *                                                              Kernel (helper process) ─▶ nftables, conntrack
 *   disk: credential, last view, records of our tables: enforcement needs nobody else after a restart
 */
import { fileURLToPath } from 'node:url';
import { NodeViewMessage, VERSION } from '@ringfence/contracts';
import { ChangeLog, KeptCredential, nodeCredential, NodeKey, StateFile } from '@ringfence/edge';
import type { EdgeCredential } from '@ringfence/edge';
import { iptables } from '@ringfence/firewall';
import type { HostContext } from '@ringfence/service-host';
import { HostSeen } from './agent/host-confirmation.js';
import { TableRecordFile } from './agent/table-records.js';
import type { Config } from './config.js';
import { DialledFile } from './domain/dialled.book.js';
import type { HelperNews } from './kernel/nftables/helper/protocol.js';
import { IptablesKernel } from './kernel/iptables/iptables-kernel.js';
import { HelperKernel } from './kernel/nftables/helper-kernel.js';
import type { Kernel } from './kernel/port/kernel.port.js';
import { forgetOthers, machineIdOf, StateOwner } from './own-state.js';
import type { NftTables } from './kernel/nftables/nft-tables.js';
import { SpawnedKernel } from './kernel/nftables/spawned-kernel.js';

export type Context = HostContext<Config>;

export interface StateFiles {
  readonly credential: StateFile<KeptCredential>;
  readonly nodeKey: StateFile<NodeKey>;
  readonly view: StateFile<NodeViewMessage>;
  readonly viewChanges: ChangeLog<NodeViewMessage>;
  readonly tables: StateFile<TableRecordFile>;
  readonly dialled: StateFile<DialledFile>;
  readonly unconfirmed: StateFile<HostSeen>;
  readonly owner: StateFile<StateOwner>;
}

/** What a C-VEN has before it knows who it is. */
export interface Cven {
  readonly files: StateFiles;
  readonly kernel: ObservedKernel;
  readonly credential: EdgeCredential;
}

export async function openCven(context: Context): Promise<Cven> {
  const files = stateFiles(context);
  forgetOthers(files, context.config.RINGFENCE_DATA_DIR, { machineId: machineIdOf(context.config) });
  return { files, kernel: await openKernel(context), credential: credentialOf(context, files) };
}

function stateFiles({ config }: Context): StateFiles {
  const directory = config.RINGFENCE_DATA_DIR;
  return {
    credential: new StateFile(directory, 'credential.json', KeptCredential),
    nodeKey: new StateFile(directory, 'node-key.json', NodeKey),
    view: new StateFile(directory, 'view.json', NodeViewMessage),
    viewChanges: new ChangeLog(directory, 'view-changes.jsonl', NodeViewMessage),
    tables: new StateFile(directory, 'tables.json', TableRecordFile),
    dialled: new StateFile(directory, 'dialled.json', DialledFile),
    unconfirmed: new StateFile(directory, 'unconfirmed.json', HostSeen),
    owner: new StateFile(directory, 'owner.json', StateOwner),
  };
}

/** Told about a helper that ended by itself. */
export interface ObservedKernel {
  port: Kernel & NftTables;
  onLost: (reason: string) => void;
  /** Where the kernel tells at once that somebody else changed rules. */
  onNews: (news: HelperNews) => void;
}

async function openKernel({ config, logger, onShutdown }: Context): Promise<ObservedKernel> {
  const entry = fileURLToPath(new URL('kernel/nftables/helper/helper.process.js', import.meta.url));
  const helper = new HelperKernel({
    entry,
    onCrash: (reason) => observed.onLost(reason),
    onNews: (news) => observed.onNews(news),
  });
  const observed = silent(helper);
  onShutdown(() => observed.port.stop());
  const wanted = config.RINGFENCE_KERNEL;
  if (wanted === 'libnftables' || (wanted !== 'nft' && (await works(helper)))) {
    if (wanted === 'iptables') observed.port = withoutNftables(logger, helper);
    return observed;
  }
  await helper.stop();
  const spawned = new SpawnedKernel();
  if (wanted === 'iptables')
    return silent(withoutNftables(logger, (await works(spawned)) ? spawned : undefined));
  logger.warn('the kernel is reached through nsenter and nft: slower, the same rules');
  return silent(spawned);
}

function withoutNftables(
  logger: Context['logger'],
  nftables: (Kernel & NftTables) | undefined,
): IptablesKernel {
  logger.error(iptables.notAvailable);
  return new IptablesKernel(nftables);
}

/** Nobody listens yet. */
function silent(port: Kernel & NftTables): ObservedKernel {
  return { port, onLost: () => undefined, onNews: () => undefined };
}

/** The helper cannot even start where libnftables is missing, and nothing can be asked where the kernel has no nftables. */
async function works(kernel: Kernel & NftTables): Promise<boolean> {
  const own = `/proc/${process.pid}/ns/net`;
  try {
    await kernel.open(own);
    await kernel.packets(own, { family: 'inet', table: 'ringfence', name: 'c_overflow' });
    await kernel.close(own);
    return true;
  } catch {
    return false;
  }
}

function credentialOf({ config, signal }: Context, files: StateFiles): EdgeCredential {
  return nodeCredential({
    clasUrl: config.CLAS_URL,
    caFile: config.RINGFENCE_CA,
    pairingKey: config.RINGFENCE_PAIRING_KEY,
    machineIdPath: config.RINGFENCE_MACHINE_ID_PATH,
    tokenPath: config.RINGFENCE_TOKEN_PATH,
    version: VERSION,
    file: files.credential,
    keyFile: files.nodeKey,
    signal,
  });
}
