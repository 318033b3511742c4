/**
 * The guard's table in the node's own namespace: packets from and to local Pod addresses that the agent has not placed are
 * dropped. In prerouting by source and in postrouting by destination: *forward* alone would miss what passes between a Pod and
 * its node. Pure. A table of its own, so that the node's policy never has to know of it.
 */

export interface GuardModel {
  /** The node's own ranges of Pod addresses. */
  readonly ranges: readonly string[];
  /** Addresses in them that may speak: of placed Pods, and the node's own. */
  readonly placed: readonly string[];
}

export const GUARD = { family: 'inet', table: 'ringfence_birth' } as const;
const TABLE = `${GUARD.family} ${GUARD.table}`;
const FAMILIES = [
  {
    set: 'placed4',
    ranges: 'ranges4',
    type: 'ipv4_addr',
    keyword: 'ip',
    is: (text: string) => !text.includes(':'),
  },
  {
    set: 'placed6',
    ranges: 'ranges6',
    type: 'ipv6_addr',
    keyword: 'ip6',
    is: (text: string) => text.includes(':'),
  },
] as const;

/** Instead of whatever is there, in one transaction. */
export function renderGuard({ ranges, placed }: GuardModel): string {
  const sets = FAMILIES.flatMap(({ set, ranges: rangeSet, type, is }) => [
    `  set ${rangeSet} { type ${type}; flags interval; ${elements(ranges.filter(is))} }`,
    `  set ${set} { type ${type}; ${elements(placed.filter(is))} }`,
  ]);
  const chain = (name: string, hook: string, side: 'saddr' | 'daddr'): string[] => [
    `  chain ${name} {`,
    `    type filter hook ${hook}; policy accept;`,
    ...FAMILIES.map(
      ({ set, ranges: rangeSet, keyword }) =>
        `    ${keyword} ${side} @${rangeSet} ${keyword} ${side} != @${set} counter drop`,
    ),
    '  }',
  ];
  return [
    `table ${TABLE} {}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    ...sets,
    ...chain('from_pods', 'prerouting priority raw', 'saddr'),
    ...chain('to_pods', 'postrouting priority raw', 'daddr'),
    '}',
    '',
  ].join('\n');
}

/** Empty when nothing changes. */
export function renderGuardChange(before: ReadonlySet<string>, after: ReadonlySet<string>): string {
  const lines = FAMILIES.flatMap(({ set, is }) => {
    const added = [...after].filter((address) => is(address) && !before.has(address));
    const removed = [...before].filter((address) => is(address) && !after.has(address));
    return [
      ...(added.length === 0 ? [] : [`add element ${TABLE} ${set} { ${added.join(', ')} }`]),
      ...(removed.length === 0 ? [] : [`delete element ${TABLE} ${set} { ${removed.join(', ')} }`]),
    ];
  });
  return lines.map((line) => `${line}\n`).join('');
}

function elements(list: readonly string[]): string {
  return list.length === 0 ? '' : `elements = { ${list.join(', ')} }`;
}
