/** nft's listing of our table, reduced to what only we may change: flow sets fill by themselves. Pure. */

const FLOW_SET = /^\tset (?:na|np|nb|bo|br)[46]_[01] \{$/;

/** Without the elements of flow sets; element lists may run over several lines. */
export function withoutFlowElements(listing: string): string {
  let inFlowSet = false;
  let inElements = false;
  const kept = listing.split('\n').filter((line) => {
    if (FLOW_SET.test(line)) inFlowSet = true;
    else if (line === '\t}') inFlowSet = false;
    if (inFlowSet && line.startsWith('\t\telements = {')) inElements = true;
    const dropped = inElements;
    if (inElements && line.endsWith('}')) inElements = false;
    return !dropped;
  });
  return kept.join('\n');
}

/** The part that only a change of policy may alter: which half of the flow sets is written does not count. */
export function policyPart(listing: string): string {
  return listing.replace(/\bgoto w_(na|np|nb|bo|br)_[01]\b/g, 'goto w_$1').replace(/ half=[01]"/, '"');
}

export interface FoundTable {
  readonly kind: 'pod' | 'host';
  readonly mode: string;
  readonly revision: number;
  readonly generation: number;
  readonly half: 0 | 1;
}

/** What a restarted agent reads off a table that an earlier one left; undefined when it is not ours or not whole. */
export function foundTable(listing: string): FoundTable | undefined {
  const match = /comment "kind=(pod|host) mode=(\w+) revision=(\d+) generation=(\d+) half=([01])"/.exec(
    listing,
  );
  if (match === null) return undefined;
  const [, kind, mode = '', revision, generation, half] = match;
  return {
    kind: kind === 'host' ? 'host' : 'pod',
    mode,
    revision: Number(revision),
    generation: Number(generation),
    half: half === '1' ? 1 : 0,
  };
}
