/** The words of a campaign: what is attempted, what policy can say about it, and what went wrong. Times are milliseconds of the machine's monotonic clock. */

export type Mode = 'idle' | 'visibility_only' | 'selective' | 'full';
export type Protocol = 6 | 17;

/** An end of a connection as policy sees it. A namespace that policy does not know is not enforced. */
export interface Place {
  readonly namespace: string;
  readonly role: string;
}

export interface Rule {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly proto: Protocol;
  readonly port: number;
}

/** What the campaign provisioned: everything else about it is a knob, with a history. */
export interface Policy {
  readonly rules: readonly Rule[];
  /** Namespaces that are managed; both ends of a rule must have the label `env` of its scope. */
  readonly managed: readonly string[];
  readonly scope: string;
}

/** Something that the campaign turns while it runs. */
export type Knob = `mode:${string}` | `env:${string}` | `rule:${string}`;
export const modeOf = (namespace: string): Knob => `mode:${namespace}`;
export const envOf = (namespace: string): Knob => `env:${namespace}`;
export const ruleSwitch = (rule: string): Knob => `rule:${rule}`;

/** `refused` is the peer's own answer: the packet has arrived all the same. */
export type Outcome = 'open' | 'refused' | 'dropped';

export interface Attempt {
  readonly from: Source;
  readonly host: string;
  readonly port: number;
  readonly proto: Protocol;
  readonly began: number;
  readonly ended: number;
  readonly outcome: Outcome;
}

/** A packet that a listener of ours has got. */
export interface Arrival {
  readonly at: Source;
  readonly port: number;
  readonly proto: Protocol;
  readonly address: string;
  /** When it was sent, as far as its content tells, else when it was read. */
  readonly began: number;
  readonly ended: number;
  /** Whoever introduced itself in the first line. */
  readonly sender: string | null;
}

/** A Pod, or the machine itself, from which the campaign acts; it stands as long as the campaign does. */
export interface Source extends Place {
  readonly name: string;
  readonly address: string;
  readonly node: string;
}

export const VIOLATIONS = {
  forbidden: 'A forbidden packet passed',
  refused: 'An allowed connection was refused',
  lie: 'The kernel differed from what REST said was in force',
  untold: 'Something was not enforced, and nothing said so',
  flows: 'Flows made and flows reported differ',
  stuck: 'A part did not recover',
  crash: 'A process ended by itself',
} as const;
export type ViolationKind = keyof typeof VIOLATIONS;

export interface Violation {
  readonly kind: ViolationKind;
  readonly at: number;
  readonly source: string;
  readonly destination: string;
  /** The rule that decides, or why there is none. */
  readonly rule: string;
  /** What the product said about itself at that moment. */
  readonly status: string;
  readonly detail: string;
}

export function serviceName(proto: Protocol, port: number): string {
  return `${proto === 6 ? 'tcp' : 'udp'}/${port}`;
}
