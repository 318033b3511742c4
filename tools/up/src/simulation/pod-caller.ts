/**
 * Makes one simulated Pod call what its environment names, as often as a real sandbox's stub: each target every three
 * seconds, a name looked up first. What becomes of a call is the judge's; this says when, and to whom.
 */
import type { CallTarget, Pod } from '@ringfence/sandbox';
import type { CallPlan } from './call-plan.js';
import { usesClusterNames } from './cluster-network.js';
import type { ClusterNetwork } from './cluster-network.js';
import { TCP, UDP } from './judge.js';
import type { Place } from './judge.js';

export interface Call {
  readonly pod: Pod;
  readonly proto: number;
  readonly target: Place;
  readonly backend: Place | null;
}

export interface PodCallerPorts {
  network(): ClusterNetwork;
  /** True when the call was answered. */
  call(call: Call): boolean;
  /** Config maps and secrets may come after their Pod: throws until everything that the Pod refers to is there. */
  plan(pod: Pod): Promise<CallPlan>;
}

const CALL_EVERY_MS = 3_000;
const PLAN_RETRY_MS = 2_000;
const DNS_PORT = 53;

export class PodCaller {
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private turn = 0;

  constructor(
    private readonly pod: Pod,
    private readonly ports: PodCallerPorts,
  ) {
    void this.begin();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private async begin(): Promise<void> {
    try {
      const plan = await this.ports.plan(this.pod);
      if (this.isClosed) return;
      for (const target of plan.once) this.callTarget(target);
      if (plan.regularly.length > 0) this.repeat(plan.regularly);
    } catch {
      // Its containers could not start either.
      if (!this.isClosed) this.timer = setTimeout(() => void this.begin(), PLAN_RETRY_MS);
    }
  }

  private repeat(targets: readonly CallTarget[]): void {
    for (const target of targets) this.callTarget(target);
    this.timer = setTimeout(() => this.repeat(targets), CALL_EVERY_MS);
  }

  private callTarget({ host, port, protocol }: CallTarget): void {
    const address = this.addressOf(host);
    if (address !== undefined) this.callPlace(protocol === 'udp' ? UDP : TCP, { address, port });
  }

  private callPlace(proto: number, target: Place): boolean {
    const { network, call } = this.ports;
    this.turn += 1;
    return call({ pod: this.pod, proto, target, backend: network().translate(proto, target, this.turn) });
  }

  private addressOf(host: string): string | undefined {
    if (/^\d+(\.\d+){3}$/.test(host)) return host;
    const network = this.ports.network();
    if (network.nameServer === undefined || !usesClusterNames(this.pod)) return undefined;
    const isAnswered = this.callPlace(UDP, { address: network.nameServer, port: DNS_PORT });
    if (!isAnswered) return undefined;
    const addresses = network.resolve(this.pod.metadata.namespace ?? 'default', host);
    return addresses[this.turn % Math.max(addresses.length, 1)];
  }
}
