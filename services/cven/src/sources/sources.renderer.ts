/**
 * What leaves a Pod's interface carries that Pod's address, and no word of a node: two tables in the node's own namespace, one for
 * what it routes and one for what it bridges, before anything of theirs is tracked or translated. Pure.
 *
 *   arriving ─▶ (bridge: marks of nodes taken off) ─▶ from_pod: its own address | discovery | drop
 *                                                 └▶ from_stranger: an address that is somebody's is not its own
 *   tunnelled_here, tunnelled_on (of what is routed, after it was translated): no Pod speaks to the tunnels of nodes
 *
 * The chains stand by themselves and are in force before any Pod is known; what is known is in the sets.
 */
import { distrustedWords } from '@ringfence/firewall';

export const FAMILIES_OF_LINK = ['inet', 'bridge'] as const;
export type LinkFamily = (typeof FAMILIES_OF_LINK)[number];
export const TABLE = 'ringfence_sources';
export const FORGED = 'forged';

/** Elements as nft writes them, by set. */
export type Bindings = Readonly<Record<SetName, ReadonlySet<string>>>;

const SETS = {
  /** Interfaces that lead into Pods whose addresses are known. */
  pods: 'type iface_index;',
  /** Of them, those that may also send what comes from outside the cluster. */
  free: 'type iface_index;',
  ties4: 'type iface_index . ipv4_addr;',
  ties6: 'type iface_index . ipv6_addr;',
  /** Of this node and its Pods. */
  owned4: 'type ipv4_addr;',
  owned6: 'type ipv6_addr;',
  /** Of the cluster's nodes and Pods. */
  cluster4: 'type ipv4_addr; flags interval; auto-merge;',
  cluster6: 'type ipv6_addr; flags interval; auto-merge;',
  /** Of the cluster's nodes, this one among them. */
  nodes4: 'type ipv4_addr;',
  nodes6: 'type ipv6_addr;',
} as const;
export type SetName = keyof typeof SETS;
const SET_NAMES = Object.keys(SETS) as SetName[];

export function noBindings(): Record<SetName, Set<string>> {
  return Object.fromEntries(SET_NAMES.map((name) => [name, new Set<string>()])) as Record<
    SetName,
    Set<string>
  >;
}

const NO_ADDRESS_YET =
  'nd-neighbor-solicit, nd-router-solicit, mld-listener-report, mld-listener-done, mld2-listener-report';
const HOOKS: Readonly<Record<string, string>> = {
  // Before raw, so that no hook of others has seen what is no Pod's.
  arriving: 'type filter hook prerouting priority -310; policy accept;',
  // A Service may lead to a tunnel, too: only here its port is known.
  tunnelled_here: 'type filter hook input priority filter - 20; policy accept;',
  tunnelled_on: 'type filter hook forward priority filter - 20; policy accept;',
};
/** VXLAN (as Flannel has it, as registered), Geneve; IP and IPv6 in IP, GRE. */
const TUNNELS = ['udp dport { 8472, 4789, 6081 }', 'meta l4proto { 4, 41, 47 }'];
const DROP = `counter name "${FORGED}" drop`;

/** Whatever of it is there already keeps its elements: an agent that starts again opens and closes nothing. */
export function renderChains(family: LinkFamily): string {
  const table = `${family} ${TABLE}`;
  const chains: Readonly<Record<string, readonly string[]>> = {
    from_stranger: fromStranger(family),
    from_pod: fromPod(family),
    arriving: arriving(family),
    // What is bridged to the node itself is routed there.
    ...(family === 'inet' && { tunnelled_here: tunnelled(), tunnelled_on: tunnelled() }),
  };
  return [
    `table ${table} {`,
    `  counter ${FORGED} { }`,
    ...SET_NAMES.map((name) => `  set ${name} { ${SETS[name]} }`),
    ...Object.keys(chains).map((name) => `  chain ${name} { ${HOOKS[name] ?? ''} }`),
    '}',
    ...Object.keys(chains).map((name) => `flush chain ${table} ${name}`),
    ...Object.entries(chains).flatMap(([name, rules]) =>
      rules.map((rule) => `add rule ${table} ${name} ${rule}`),
    ),
    '',
  ].join('\n');
}

/** Undefined before: whatever an earlier agent left is replaced. Empty when nothing changes. */
export function renderBindings(family: LinkFamily, before: Bindings | undefined, after: Bindings): string {
  const lines = SET_NAMES.flatMap((name) => {
    const set = `${family} ${TABLE} ${name}`;
    const [known, wanted] = [before?.[name] ?? new Set<string>(), after[name]];
    const added = [...wanted].filter((element) => !known.has(element));
    const gone = [...known].filter((element) => !wanted.has(element));
    // Deletes from intervals are dear, and what was merged has no elements of its own.
    if (before === undefined || (SETS[name].includes('interval') && added.length + gone.length > 0))
      return [`flush set ${set}`, ...elements('add', set, [...wanted])];
    return [...elements('delete', set, gone), ...elements('add', set, added)];
  });
  return lines.map((line) => `${line}\n`).join('');
}

function elements(verb: 'add' | 'delete', set: string, list: readonly string[]): string[] {
  return list.length === 0 ? [] : [`${verb} element ${set} { ${list.join(', ')} }`];
}

function arriving(family: LinkFamily): string[] {
  const pods = ['iif @pods goto from_pod', 'meta iifkind "veth" goto from_stranger'];
  // What is routed loses them by its route, whatever it came by (`judgement.ts`). No node is behind a bridge's veth.
  const words = distrustedWords('meta iifkind "veth"');
  return family === 'bridge' ? [...words, ...pods] : pods;
}

/**
 * The kernel of a node takes out of its tunnel what anybody puts in, under whatever address: only nodes may. A Pod's packet on its
 * way to another node still has the Pod's address here, and would have this node's there.
 */
function tunnelled(): string[] {
  const ofPod = (header: string, family: 4 | 6, known: string): string =>
    `${header} daddr @nodes${family} ${header} saddr @${known}${family} ${header} saddr != @nodes${family} ${DROP}`;
  return TUNNELS.flatMap((tunnel) =>
    ['owned', 'cluster'].flatMap((known) => [
      `${tunnel} ${ofPod('ip', 4, known)}`,
      `${tunnel} ${ofPod('ip6', 6, known)}`,
    ]),
  );
}

/** The rest is dropped, tagged frames too: a Pod's kernel would take a tag of VLAN 0 off. */
function fromPod(family: LinkFamily): string[] {
  return [
    'iif . ip saddr @ties4 accept',
    'iif . ip6 saddr @ties6 accept',
    ...(family === 'bridge' ? ['ether type arp accept'] : []),
    'ip6 saddr fe80::/10 accept',
    `ip6 saddr :: icmpv6 type { ${NO_ADDRESS_YET} } accept`,
    'ip saddr 0.0.0.0 udp dport 67 accept',
    'iif @free ip saddr != @cluster4 ip saddr != @owned4 accept',
    'iif @free ip6 saddr != @cluster6 ip6 saddr != @owned6 accept',
    DROP,
  ];
}

/**
 * A Pod that nobody has told of yet, or no Pod at all. While no agent runs, nobody takes out the addresses of Pods that ended: whoever
 * the node itself routes one to by this very interface has it now.
 */
function fromStranger(family: LinkFamily): string[] {
  const isRoutedHere = family === 'inet' ? ['fib saddr . iif oif != 0 accept'] : [];
  return [...isRoutedHere, `ip saddr @owned4 ${DROP}`, `ip6 saddr @owned6 ${DROP}`];
}
