/**
 * What the policy engine makes of one connection, in the form in which two kernels would have reported it: the consumer's
 * end sees the address that was called (a ClusterIP, perhaps), the provider's end the Pods' own addresses. Pure.
 */
import type { EnforcementMode, FlowBatch, Unit } from '@ringfence/contracts';
import { evaluate } from '@ringfence/policy-engine';
import type { PeerLookup } from '@ringfence/policy-engine';

export type ReportedFlow = FlowBatch['reporters'][number]['flows'][number];

export interface Place {
  readonly address: string;
  readonly port: number;
}

export interface Connection {
  readonly proto: number;
  readonly source: string;
  /** As called. */
  readonly target: Place;
  /** Who it goes to after the translation of Services; null: a Service without anybody behind it. */
  readonly backend: Place | null;
  /** Somebody is at the backend's address and would answer. */
  readonly isAnswered: boolean;
}

/** One end under our rules. An end that is not, or that is idle, is null: it lets everything pass and reports nothing. */
export interface EnforcedEnd {
  readonly unit: Unit;
  readonly mode: EnforcementMode;
  readonly members: PeerLookup;
  readonly hostAddresses: ReadonlySet<string>;
}

export interface Judgement {
  readonly consumer: ReportedFlow | null;
  readonly provider: ReportedFlow | null;
  readonly isConnected: boolean;
}

export const TCP = 6;
export const UDP = 17;
/** Bytes of IP packets. A TCP call that nobody answers repeats its first packet once before its caller gives up. */
const TRAFFIC = {
  [TCP]: { attempts: 2, attemptBytes: 60, bytesOut: 486, bytesIn: 402 },
  [UDP]: { attempts: 1, attemptBytes: 62, bytesOut: 62, bytesIn: 94 },
} as const;

type Told = Pick<ReportedFlow, 'verdict' | 'rule' | 'ruleClass'>;

export function judge(
  connection: Connection,
  ends: { readonly consumer: EnforcedEnd | null; readonly provider: EnforcedEnd | null },
): Judgement {
  const { proto, source, target, backend, isAnswered } = connection;
  const atConsumer = tell(ends.consumer, 'egress', { proto, port: target.port, peer: target.address });
  const leaves = atConsumer?.verdict !== 'blocked' && backend !== null;
  const atProvider = leaves
    ? tell(ends.provider, 'ingress', { proto, port: backend.port, peer: source })
    : null;
  const isConnected = leaves && isAnswered && atProvider?.verdict !== 'blocked';
  const report = (told: Told | null, direction: ReportedFlow['direction'], to: Place | null) =>
    told === null || to === null
      ? null
      : {
          direction,
          src: source,
          dst: to.address,
          proto,
          port: to.port,
          ...told,
          ...traffic(proto, isConnected),
        };
  return {
    consumer: report(atConsumer, 'outbound', target),
    provider: report(atProvider, 'inbound', backend),
    isConnected,
  };
}

function tell(
  end: EnforcedEnd | null,
  direction: 'ingress' | 'egress',
  packet: { proto: number; port: number; peer: string },
): Told | null {
  if (end === null) return null;
  const { verdict, rule } = evaluate({ ...end, direction, packet });
  return verdict === 'unknown' ? null : { verdict, rule: rule?.ref ?? null, ruleClass: rule?.class ?? null };
}

function traffic(
  proto: number,
  isConnected: boolean,
): Pick<ReportedFlow, 'state' | 'connections' | 'bytesOut' | 'bytesIn'> {
  const { attempts, attemptBytes, bytesOut, bytesIn } = TRAFFIC[proto === UDP ? UDP : TCP];
  return isConnected
    ? { state: 'new', connections: 1, bytesOut, bytesIn }
    : { state: 'new', connections: attempts, bytesOut: attempts * attemptBytes, bytesIn: 0 };
}
