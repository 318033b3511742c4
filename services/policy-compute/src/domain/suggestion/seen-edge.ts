/** Who called whom, as flows were added up, with the ends as this service knows them. */
import type { End } from '../judged-by-labels.js';

export interface SeenEdge {
  readonly from: End;
  readonly to: End;
  readonly proto: number;
  /** The port that the destination listens on; of ICMP type · 256 + code. */
  readonly port: number;
  readonly connections: number;
  readonly lastSeen: string;
  /** Essential rules let it pass, whatever people write. */
  readonly essential: boolean;
}

export const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmp6',
  132: 'sctp',
};

export const protocolName = (proto: number): string => PROTOCOLS[proto] ?? `protocol ${proto}`;

/** Only these have ports that a rule can name in place. */
export const hasPorts = (proto: number): boolean => proto === 6 || proto === 17;
