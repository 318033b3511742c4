/** Who attacks whom in the town: the probers at their places, and what each of them tries. */
import type { KubernetesApi } from '@ringfence/up';
import { netnsHolding } from '../pod-namespaces.js';
import type { Source } from './model.js';
import type { KnownPod, PodBook } from './pod-book.js';
import { Prober } from './probers.js';
import type { ProberEvents } from './probers.js';
import type { Target } from './prober-messages.js';
import { untilNothingIsMissing } from './progress.js';
import { CHURN, MOODY, OPEN, PORTS, SHOP } from './town.js';

const CALL_EVERY_MS = 120;
const START_MS = 60_000;
/** Addresses are given out in turn: the next ones will be newcomers'. */
const ADDRESSES_AHEAD = 10;

export interface Place {
  readonly netnsRoot: string;
  readonly hostAddress: string;
  readonly pods: PodBook;
  readonly kubernetes: KubernetesApi;
}

export class Attack {
  private constructor(
    private readonly probers: readonly Prober[],
    private readonly pods: PodBook,
  ) {}

  /** A prober in each standing Pod, and one on the machine itself, outside the cluster. */
  static async begin({ netnsRoot, hostAddress, pods }: Place, events: ProberEvents): Promise<Attack> {
    const standing = [...pods.living(SHOP), ...pods.living(MOODY), ...pods.living(OPEN)].filter(
      ({ name }) => !name.startsWith('crowd') && !name.includes('server'),
    );
    const probers: Prober[] = [];
    for (const pod of standing)
      probers.push(new Prober(pod, await netnsHolding(netnsRoot, pod.address), events));
    const outside: Source = { namespace: '', role: '', name: 'outside', address: hostAddress, node: '' };
    probers.push(new Prober(outside, null, events));
    const attack = new Attack(probers, pods);
    await attack.listen();
    return attack;
  }

  get sources(): readonly Source[] {
    return this.probers.map(({ source }) => source);
  }

  private get listeners(): Prober[] {
    return this.probers.filter(({ source }) => source.namespace === OPEN);
  }

  private async listen(): Promise<void> {
    for (const listener of this.listeners) {
      listener.tell({ kind: 'listen', proto: 6, port: PORTS.trap });
      listener.tell({ kind: 'listen', proto: 17, port: PORTS.trapUdp });
    }
    const isListening = (listener: Prober): boolean =>
      listener.listens(6, PORTS.trap) && listener.listens(17, PORTS.trapUdp);
    await untilNothingIsMissing(
      'listeners',
      async () => {
        const missing = this.listeners.filter((listener) => !isListening(listener));
        return missing.length === 0 ? null : missing.map(({ source }) => source.name).join(', ');
      },
      START_MS,
    );
  }

  /** What a newcomer calls with its first instruction: two traps, then what it may call. */
  firstCalls(): string[] {
    const traps = this.listeners.map(({ source }) => source.address);
    const server = this.pods.living(SHOP).find(({ name }) => name.startsWith('shop-server'));
    return [
      `udp://${traps.at(-1)}:${PORTS.trapUdp}`,
      `tcp://${traps[0]}:${PORTS.trap}`,
      ...(server === undefined ? [] : [`tcp://${server.address}:${PORTS.shop}`]),
    ];
  }

  /** Aims at who lives now, and at the addresses that newcomers will get. */
  aim(): void {
    for (const prober of this.probers) {
      prober.tell({
        kind: 'call',
        targets: this.targetsOf(prober.source, this.pods),
        everyMs: CALL_EVERY_MS,
      });
      if (prober.source.namespace === OPEN)
        prober.tell({ kind: 'sweep', addresses: this.ahead(), tcp: PORTS.newcomer, udp: PORTS.newcomerUdp });
    }
  }

  rest(): void {
    for (const prober of this.probers) {
      prober.tell({ kind: 'call', targets: [], everyMs: CALL_EVERY_MS });
      prober.tell({ kind: 'sweep', addresses: [], tcp: PORTS.newcomer, udp: PORTS.newcomerUdp });
    }
  }

  /** Every prober calls everything once. */
  async matrix() {
    const rounds = this.probers.map((prober) => prober.round(this.targetsOf(prober.source, this.pods)));
    return (await Promise.all(rounds)).flat();
  }

  end(): void {
    for (const prober of this.probers) prober.end();
  }

  private targetsOf(source: Source, pods: PodBook): Target[] {
    const to = (found: readonly KnownPod[], proto: 6 | 17, ports: readonly number[]): Target[] =>
      found.flatMap(({ address }) => ports.map((port) => ({ host: address, port, proto })));
    const servers = pods.living(SHOP).filter(({ role }) => role === 'shop-server');
    const moody = pods.living(MOODY).filter(({ role }) => role === 'moody-server');
    const newcomers = pods.living(CHURN);
    const traps = source.namespace === OPEN ? [] : pods.living(OPEN);
    return [
      ...to(servers, 6, [PORTS.shop, PORTS.switched, PORTS.never]),
      ...to(servers, 17, [PORTS.shopUdp]),
      ...to(moody, 6, [PORTS.moody]),
      ...to(newcomers, 6, [PORTS.newcomer]),
      ...to(newcomers, 17, [PORTS.newcomerUdp]),
      ...to(traps, 6, [PORTS.trap]),
      ...to(traps, 17, [PORTS.trapUdp]),
    ];
  }

  private ahead(): string[] {
    const newest = new Map<string, number[]>();
    for (const namespace of [SHOP, MOODY, CHURN, OPEN])
      for (const { node, address } of this.pods.living(namespace)) {
        const parts = address.split('.').map(Number);
        if ((newest.get(node)?.[3] ?? -1) < parts[3]!) newest.set(node, parts);
      }
    return [...newest.values()].flatMap(([a, b, c, last = 0]) =>
      Array.from(
        { length: ADDRESSES_AHEAD },
        (_, index) => `${a}.${b}.${c}.${2 + ((last + index - 1) % 252)}`,
      ),
    );
  }
}
