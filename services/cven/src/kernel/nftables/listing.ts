/** nft's listing of our table, reduced to what only we may change: flow sets fill by themselves. Pure. */
import type { EnforcementMode } from '@ringfence/contracts';
import { COUNTERS, flowSetNames, HALVES } from '@ringfence/firewall/own-table';
import type { FoundObjects } from '@ringfence/firewall';
import type { TableContents } from '../port/kernel.port.js';

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
  return listing.replace(/\bgoto (w_(?:na|np|nb)|m_there)_[01]\b/g, 'goto $1').replace(/ half=[01]"/, '"');
}

const REVISION =
  /comment "kind=(pod|host) mode=(idle|visibility_only|selective|full) revision=(\d+) generation=(\d+) half=([01])"/;

/** What a restarted agent reads off a table that an earlier one left; undefined when it is not ours or not whole. */
export function contentsOf(listing: string): TableContents | undefined {
  const match = REVISION.exec(listing);
  if (match === null) return undefined;
  const [, kind, mode, revision, generation, half] = match;
  return {
    kind: kind === 'host' ? 'host' : 'pod',
    mode: mode as EnforcementMode,
    revision: Number(revision),
    generation: Number(generation),
    half: half === '1' ? 1 : 0,
    objects: foundObjects(listing),
  };
}

const OBJECT = /^\t(set|map|chain|counter) ([a-z0-9_]+) \{\n((?:\t\t.*\n)*)\t\}$/gm;

/** Nothing of another kind (a flag of the table, a quota) may be in it, and the flow sets must be as we declare them. */
function foundObjects(listing: string): FoundObjects | undefined {
  const sets = new Map<string, string>();
  const named = { map: [] as string[], chain: [] as string[], counter: [] as string[] };
  for (const [, kind, name = '', body = ''] of listing.matchAll(OBJECT)) {
    if (kind === 'set') sets.set(name, body);
    else named[kind as keyof typeof named].push(name);
  }
  const declared = listing.match(/^\t[^\t\n}].*$/gm) ?? [];
  if (declared.length !== sets.size + Object.values(named).flat().length) return undefined;
  const expected = HALVES.flatMap(flowSetNames);
  if (!expected.every((name) => isDeclaredAsOurs(name, sets.get(name)))) return undefined;
  if (!COUNTERS.every((name) => named.counter.includes(name))) return undefined;
  return { chains: named.chain, sets: [...sets.keys()], maps: named.map };
}

/** As nft prints it; the size is what the kernel takes where none is given. */
function isDeclaredAsOurs(name: string, body: string | undefined): boolean {
  const address = name[2] === '4' ? 'ipv4_addr' : 'ipv6_addr';
  const lines = body
    ?.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== 'size 65535');
  const wanted = [
    `type ${address} . ${address} . inet_proto . inet_service`,
    'flags dynamic,timeout',
    'counter',
    'timeout 10m',
  ];
  return lines?.length === wanted.length && wanted.every((line) => lines.includes(line));
}
