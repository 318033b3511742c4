/**
 * A node's view ⇄ the message that it travels in. Units share lists of rules: in a message each list stands once, and units name it
 * by its place. So no message needs another one to be understood, and whoever reads it shares the lists again.
 */
import type { NodeView, NodeViewMessage, Unit, WireRule } from '@ringfence/contracts';

type Rules = Unit['ingress'];
const NONE: Rules = [];

export function viewMessage({ units, ...rest }: NodeView): NodeViewMessage {
  const places = new Map<Rules, number>();
  const placeOf = (rules: Rules): number => {
    const list = rules.length === 0 ? NONE : rules;
    const place = places.get(list) ?? places.size;
    places.set(list, place);
    return place;
  };
  const upsert = units.upsert.map(({ ingress, egress, ...unit }) => ({
    ...unit,
    ingress: placeOf(ingress),
    egress: placeOf(egress),
  }));
  return { ...rest, rules: [...places.keys()], units: { upsert, remove: units.remove } };
}

/** Undefined: a unit names rules that are not there. */
export function viewOf({ rules, units, ...rest }: NodeViewMessage): NodeView | undefined {
  const upsert: Unit[] = [];
  for (const { ingress: inPlace, egress: outPlace, ...unit } of units.upsert) {
    const [ingress, egress]: (WireRule[] | undefined)[] = [rules[inPlace], rules[outPlace]];
    if (ingress === undefined || egress === undefined) return undefined;
    upsert.push({ ...unit, ingress, egress });
  }
  return { ...rest, units: { upsert, remove: units.remove } };
}
