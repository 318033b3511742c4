/** How long a Pod's policy took to be in force everywhere, and where the time went. Milliseconds since the epoch come in, seconds go out. */

export interface Convergence {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly seconds: Readonly<Record<ConvergencePhase, number>>;
}

/**
 * `address`: from Kubelink's observation until its address is known. From there, `own`: until its own node has its rules in
 * the kernel; `peers`: until the last agent that must know it has acknowledged it. `total`: from the observation to that.
 */
export type ConvergencePhase = 'address' | 'own' | 'peers' | 'total';
export const CONVERGENCE_PHASES: readonly ConvergencePhase[] = ['address', 'own', 'peers', 'total'];

export interface Milestones {
  readonly observedAt: number;
  readonly addressAt: number;
  readonly ownAt: number;
  readonly doneAt: number;
}

/** Clocks of the cluster's machines may differ by a little: no phase takes less than no time. */
export function phases({ observedAt, addressAt, ownAt, doneAt }: Milestones): Convergence['seconds'] {
  const between = (from: number, to: number): number => Math.max(0, to - from) / 1000;
  return {
    address: between(observedAt, addressAt),
    own: between(addressAt, ownAt),
    peers: between(addressAt, doneAt),
    total: between(observedAt, doneAt),
  };
}
