/**
 * The policy as a naive model: it looks at every rule for every packet and knows nothing of how the product computes.
 * Where a change is on its way, each value that may be in force counts, and every answer that follows from one of them is right.
 */
import { envOf, modeOf, ruleSwitch } from './model.js';
import type { Knob, Place, Policy, Protocol, Rule } from './model.js';

export interface Packet {
  readonly from: Place;
  readonly to: Place;
  readonly proto: Protocol;
  readonly port: number;
}
type Possible = (knob: Knob) => readonly string[];
type Chosen = ReadonlyMap<Knob, string>;

export interface Opinion {
  readonly mayPass: boolean;
  readonly mayBeDropped: boolean;
  /** For people: what decides. */
  readonly because: string;
}

/** Both ends must agree: the sender to let it out, the receiver to let it in. */
export function opinionOf(policy: Policy, packet: Packet, possible: Possible): Opinion {
  const rules = speaking(policy, packet);
  const answers = combinations(knobsOf(policy, packet, rules), possible).map((chosen) =>
    passes(policy, packet, rules, chosen),
  );
  return {
    mayPass: answers.includes(true),
    mayBeDropped: answers.includes(false),
    because: reason(policy, packet, rules, possible),
  };
}

function speaking(policy: Policy, { from, to, proto, port }: Packet): Rule[] {
  const isManaged = ({ namespace }: Place): boolean => policy.managed.includes(namespace);
  if (!isManaged(from) || !isManaged(to)) return [];
  return policy.rules.filter(
    (rule) => rule.from === from.role && rule.to === to.role && rule.proto === proto && rule.port === port,
  );
}

function passes(policy: Policy, { from, to }: Packet, rules: readonly Rule[], chosen: Chosen): boolean {
  const isInScope = [from, to].every(({ namespace }) => chosen.get(envOf(namespace)) === policy.scope);
  const isAllowed = isInScope && rules.some(({ id }) => chosen.get(ruleSwitch(id)) === 'on');
  const isEnforced = [from, to].some(({ namespace }) => chosen.get(modeOf(namespace)) === 'full');
  return isAllowed || !isEnforced;
}

/** What can change the answer; ends that are not managed have no knobs. */
function knobsOf(policy: Policy, { from, to }: Packet, rules: readonly Rule[]): Knob[] {
  const ends = [from.namespace, to.namespace].filter((namespace) => policy.managed.includes(namespace));
  return [
    ...new Set([
      ...ends.flatMap((namespace) => [modeOf(namespace), envOf(namespace)]),
      ...rules.map(({ id }) => ruleSwitch(id)),
    ]),
  ];
}

function combinations(knobs: readonly Knob[], possible: Possible): Chosen[] {
  return knobs.reduce<Chosen[]>(
    (all, knob) => all.flatMap((chosen) => possible(knob).map((value) => new Map(chosen).set(knob, value))),
    [new Map()],
  );
}

function reason(policy: Policy, packet: Packet, rules: readonly Rule[], possible: Possible): string {
  const values = knobsOf(policy, packet, rules).map((knob) => `${knob}=${possible(knob).join('|')}`);
  const rule = rules.map(({ id }) => `rule ${id}`).join(', ') || 'no rule allows it';
  return values.length === 0 ? 'neither end is managed' : `${rule} (${values.join(', ')})`;
}
