/**
 * Ties the packets of every Pod of the node, managed or not, to its addresses: what a Pod's neighbours and other nodes judge by must
 * not be the Pod's to choose. Which interface leads to which Pod the kernel says, which addresses a Pod has the runtime;
 * the Pod itself is not asked.
 */
import { canonicalAddress } from '@ringfence/policy-engine';
import type { FoundSandbox } from '../adapters/cri/sandbox-record.js';
import type { NftTables } from '../kernel/nftables/nft-tables.js';
import type { Kernel, NodeLink } from '../kernel/port/kernel.port.js';
import {
  FAMILIES_OF_LINK,
  FORGED,
  noBindings,
  renderBindings,
  renderChains,
  TABLE,
} from './sources.renderer.js';
import type { Bindings, LinkFamily } from './sources.renderer.js';

export interface SourceTiesOptions {
  readonly kernel: () => Kernel & NftTables;
  /** The node's own namespace. */
  readonly netns: string;
  /** False where nothing in the cluster blocks: then nothing here does, but nodes' words are taken off all the same. */
  readonly isWanted: () => boolean;
  readonly isUnpaired: () => boolean;
  /** Namespaces of routers and gateways, whose Pods carry others' packets. */
  readonly freeNamespaces: readonly string[];
  readonly hostAddresses: () => readonly string[];
  /** Addresses and CIDRs of the cluster's nodes and Pods. */
  readonly cluster: () => readonly string[];
  /** Addresses of its nodes. */
  readonly nodes: () => readonly string[];
  /** Why a Pod's address is not to be believed on this node; undefined: it is. */
  readonly onChange: (why: string | undefined) => void;
  readonly onForged: (packets: number) => void;
  readonly onError: (error: unknown) => void;
}

interface Loaded {
  readonly bindings: Bindings | undefined;
  readonly forged: number;
}

export class SourceTies {
  /** Of the runtime, by sandbox. */
  private readonly pods = new Map<string, FoundSandbox>();
  private readonly loaded = new Map<LinkFamily, Loaded>();
  private isListed = false;
  private turn: Promise<void> = Promise.resolve();
  /** Not begun yet: whoever asks now is answered by it. */
  private next: Promise<void> | undefined;
  private why: string | undefined = 'nobody has looked yet';
  private hasLeft = false;

  constructor(private readonly options: SourceTiesOptions) {}

  /** The runtime has listed all that live. */
  listed(): void {
    this.isListed = true;
    void this.look();
  }

  seen(sandbox: FoundSandbox): void {
    if (sandbox.netns === null || sandbox.addresses.length === 0) return;
    this.pods.set(sandbox.id, sandbox);
    void this.look();
  }

  gone(id: string): void {
    if (this.pods.delete(id)) void this.look();
  }

  /** Brings the kernel to what is known, after whatever is under way. */
  look(): Promise<void> {
    this.next ??= this.turn = this.turn
      .then(() => {
        this.next = undefined;
        return this.bring();
      })
      .catch(this.options.onError);
    return this.turn;
  }

  /** What keeps a Pod's packets from being tied to its address; undefined: nothing. */
  get trouble(): string | undefined {
    return this.why;
  }

  /** The node is unpaired, and nothing of it is in the kernel. */
  get isGone(): boolean {
    return this.hasLeft;
  }

  private async bring(): Promise<void> {
    if (this.options.isUnpaired()) return this.remove();
    this.hasLeft = false;
    try {
      this.tell(await this.tie(await this.links()));
    } catch (error) {
      this.tell(wordsOf(error));
    }
  }

  private async tie(links: readonly NodeLink[]): Promise<string | undefined> {
    const refused = new Map<LinkFamily, string>();
    for (const family of FAMILIES_OF_LINK)
      try {
        await this.keep(family, links);
      } catch (error) {
        this.loaded.delete(family);
        refused.set(family, wordsOf(error));
      }
    // A kernel that cannot filter bridges is enough where no Pod is on one.
    const hasBridged = links.some(({ kind, isBridged }) => isBridged && kind === 'veth');
    return refused.get('inet') ?? (hasBridged ? refused.get('bridge') : undefined);
  }

  private async links(): Promise<readonly NodeLink[]> {
    const { kernel, netns } = this.options;
    const namespaces = [...this.pods.values()].flatMap((pod) => pod.netns ?? []);
    await kernel().open(netns);
    return kernel().links(netns, namespaces);
  }

  private async keep(family: LinkFamily, links: readonly NodeLink[]): Promise<void> {
    const { netns, kernel } = this.options;
    const forged = await this.forgedSoFar(family);
    const loaded = this.loaded.get(family);
    // What an earlier agent knew stays in force until all that live are known.
    const bindings = this.isListed ? this.bindings(links) : loaded?.bindings;
    const script =
      (loaded === undefined ? renderChains(family) : '') +
      (bindings === undefined ? '' : renderBindings(family, loaded?.bindings, bindings));
    if (script !== '') await kernel().run(netns, script);
    this.loaded.set(family, { bindings, forged });
  }

  /** Somebody who takes the table away takes its counter: then all of it is loaded anew. */
  private async forgedSoFar(family: LinkFamily): Promise<number> {
    const { netns, kernel, onForged } = this.options;
    const packets = await kernel().packets(netns, { family, table: TABLE, name: FORGED });
    if (packets === undefined) this.loaded.delete(family);
    const before = this.loaded.get(family);
    if (packets !== undefined && before !== undefined) onForged(Math.max(0, packets - before.forged));
    return packets ?? 0;
  }

  private bindings(links: readonly NodeLink[]): Bindings {
    const { hostAddresses, cluster, nodes } = this.options;
    const sets = noBindings();
    if (!this.options.isWanted()) return sets;
    for (const pod of this.pods.values()) this.bind(sets, pod, links);
    for (const address of hostAddresses()) sets[`owned${familyOf(address)}`].add(address);
    for (const address of [...hostAddresses(), ...nodes()]) sets[`nodes${familyOf(address)}`].add(address);
    for (const cidr of cluster()) sets[`cluster${familyOf(cidr)}`].add(cidr);
    return sets;
  }

  private bind(
    sets: ReturnType<typeof noBindings>,
    { netns, namespace, addresses }: FoundSandbox,
    links: readonly NodeLink[],
  ): void {
    const own = links.filter(({ peer }) => peer === netns);
    const known = addresses.flatMap((address) => canonicalAddress(address) ?? []);
    // Of further networks the runtime does not tell the addresses.
    const isFree = own.length > 1 || this.options.freeNamespaces.includes(namespace);
    for (const { index } of own) {
      sets.pods.add(`${index}`);
      if (isFree) sets.free.add(`${index}`);
      for (const address of known) {
        sets[`ties${familyOf(address)}`].add(`${index} . ${address}`);
        sets[`owned${familyOf(address)}`].add(address);
      }
    }
  }

  private async remove(): Promise<void> {
    const { kernel, netns } = this.options;
    this.tell('the node is unpaired');
    if (this.hasLeft) return;
    this.loaded.clear();
    for (const family of FAMILIES_OF_LINK) {
      const table = { family, table: TABLE };
      // Where bridges cannot be filtered, not even the removal of a table is known.
      if ((await kernel().packets(netns, { ...table, name: FORGED })) !== undefined)
        await kernel().drop(netns, table);
    }
    this.hasLeft = true;
  }

  private tell(why: string | undefined): void {
    if (why === this.why) return;
    this.why = why;
    this.options.onChange(why);
  }
}

const familyOf = (text: string): 4 | 6 => (text.includes(':') ? 6 : 4);
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
