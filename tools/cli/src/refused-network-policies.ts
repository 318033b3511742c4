/** Kubernetes' NetworkPolicies that a cluster cannot read: which, their field at fault, why, and what holds meanwhile. */
import { colours as pc } from './colours.js';
import { tableOf } from './output.js';
import type { Column } from './output.js';

export interface RefusedPolicies {
  readonly count: number;
  readonly named: readonly RefusedPolicy[];
}
interface RefusedPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly field: string;
  readonly message: string;
  readonly closed: readonly ('ingress' | 'egress')[];
}
interface Refusing {
  readonly name: string;
  readonly ringfence_enforcement?: { readonly refused_network_policies?: RefusedPolicies | null };
}
interface Named extends RefusedPolicy {
  readonly cluster: string;
}

/** Of all clusters; `count` has those that are not named, too. */
export function refusedPoliciesOf(clusters: readonly Refusing[]): { count: number; named: readonly Named[] } {
  const each = clusters.map(({ name: cluster, ringfence_enforcement: standing }) => {
    const { count = 0, named = [] } = standing?.refused_network_policies ?? {};
    return { count, named: named.map((policy) => ({ cluster, ...policy })) };
  });
  return {
    count: each.reduce((sum, { count }) => sum + count, 0),
    named: each.flatMap(({ named }) => named),
  };
}

const MOST_SHOWN = 20;

/** Empty: there are none. */
export function refusedPolicyLines({ count, named }: ReturnType<typeof refusedPoliciesOf>): string {
  if (count === 0) return '';
  const shown = named.slice(0, MOST_SHOWN);
  const head = `\n${pc.yellow(pc.bold(`NetworkPolicies that cannot be read: ${String(count)}`))}\n`;
  const more =
    count > shown.length
      ? `and ${String(count - shown.length)} more; \`ringfence status -o json\` names up to 100 of a cluster\n`
      : '';
  return `${head}${tableOf(shown, COLUMNS)}${more}`;
}

const DIRECTIONS = { ingress: 'nothing in', egress: 'nothing out' };
const COLUMNS: readonly Column<Named>[] = [
  { title: 'CLUSTER', value: ({ cluster }) => cluster },
  { title: 'NETWORK POLICY', value: ({ namespace, name }) => `${namespace}/${name}` },
  { title: 'FIELD', value: ({ field }) => field },
  { title: 'WHY', value: ({ message }) => message },
  {
    title: 'UNTIL THEN IT ALLOWS',
    value: ({ closed }) => closed.map((direction) => DIRECTIONS[direction]).join(', '),
  },
];
