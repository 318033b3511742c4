/** A rule that decided, in words: people's rules by their names, the essential ones by what they are for. */
import type { ExplainResponse, InForce, RuleClass, Verdict } from '@ringfence/contracts';
import { essentialWords } from '@ringfence/policy-engine';
import type { LabelFact } from './facts.js';

export function ruleWords(ref: string, nameOf: (ref: string) => string): string {
  const essential = essentialWords(ref);
  return essential === undefined ? nameOf(ref) : `essential: ${essential.purpose}`;
}

export interface Decided {
  readonly mode: string;
  readonly verdict: Verdict;
  readonly ruleClass: RuleClass | null;
  /** The rule's name; null: none speaks about it. */
  readonly rule: string | null;
}

export function reasonWords({ mode, verdict, ruleClass, rule }: Decided): string {
  if (mode === 'idle') return 'idle: nothing is programmed at this end';
  if (rule === null)
    return `no rule allows it; ${mode} ${verdict === 'blocked' ? 'drops it' : 'lets it pass and reports it'}`;
  const isAllowed = ruleClass === 'essential' || ruleClass === 'allow';
  const isSpared = verdict === 'potentially_blocked' ? `, not enforced in ${mode}` : '';
  return `${isAllowed ? 'allowed' : 'denied'} by ${rule}${isSpared}`;
}

export const verdictWords = (verdict: Verdict): string => verdict.replaceAll('_', ' ');

export function labelWords(id: string, labels: ReadonlyMap<string, LabelFact>): string {
  const label = labels.get(id);
  return label === undefined ? `label ${id}` : `${label.key}=${label.value}`;
}

/** What policy says is not all: where a kernel does not have it, the answer says so in its first line. */
export function notInForceWords(
  ends: readonly (Pick<NonNullable<ExplainResponse['egress']>, 'inForce'> | null)[],
): string {
  const said = ends.flatMap((end) =>
    end?.inForce && end.inForce.state !== 'yes' ? [inForceWords(end.inForce)] : [],
  );
  return said.length === 0 ? '' : `; ${[...new Set(said)].join('; ')}`;
}

function inForceWords({ state, node, since, message }: InForce): string {
  const where = node === null ? '' : ` on ${node}`;
  const when = since === null ? '' : ` since ${since}`;
  return `${state === 'no' ? 'not in force' : 'not known to be in force'}${where}${when} (${message})`;
}
