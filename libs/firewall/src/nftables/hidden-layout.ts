/** In a node's table: the ports that are open, or denied, to whomever another node hides; the first rule decides. */
import type { ChainRule, DirectionPolicy, HiddenIngress, PortSegment } from '../model/firewall.model.js';
import { FAMILIES } from './flow-sets.js';
import type { Family } from './flow-sets.js';
import type { ChainLayout } from './nft-layout.js';
import { dispatchRules, verdictOf } from './policy-layout.js';

export const hiddenChain = (who: keyof HiddenIngress, family: Family): string => `hidden_${who}_${family}`;

export function hiddenChains(hidden: HiddenIngress): [string, ChainLayout][] {
  return (['pod', 'stranger'] as const).flatMap((who) =>
    FAMILIES.map((family): [string, ChainLayout] => [
      hiddenChain(who, family),
      { rules: decisions(hidden[who][family]) },
    ]),
  );
}

function decisions({ segments, anyProtocol }: DirectionPolicy): string[] {
  const byProtocol = new Map<number, [PortSegment, string][]>();
  for (const segment of segments)
    byProtocol.set(segment.proto, [
      ...(byProtocol.get(segment.proto) ?? []),
      ...verdict(segment.rules).map((goes): [PortSegment, string] => [segment, goes]),
    ]);
  return [
    ...[...byProtocol].flatMap(([proto, entries]) => dispatchRules('answering', proto, entries)),
    ...verdict(anyProtocol),
    'goto v_unmatched',
  ];
}

const verdict = (rules: readonly ChainRule[]): string[] =>
  rules.slice(0, 1).map((rule) => verdictOf(rule.class, 'v'));
