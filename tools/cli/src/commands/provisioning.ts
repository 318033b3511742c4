/** From the draft into force: shows what would change in words, asks a person, and takes along nothing that was not meant. */
import { colours as pc } from '../colours.js';
import { printable, renderValue } from '../output.js';
import type { ObjectDifference } from '../policy-difference.js';
import { KIND_WORDS } from '../policy-kinds.js';
import { COLLECTIONS, readPolicy } from '../policy-in-words.js';
import type { Provisioned } from '../policy-in-words.js';
import type { Terminal } from './terminal.js';

export interface Pending {
  readonly href: string;
  /** The collection. */
  readonly type: string;
  readonly name: string;
  readonly update_type: string;
  readonly updated_at: string;
}

export async function readPending(api: Terminal['api']): Promise<Pending[]> {
  const buckets = await api.get<Readonly<Record<string, readonly Pending[]>>>('/sec_policy/pending');
  return Object.entries(buckets).flatMap(([type, list]) => list.map((one) => ({ ...one, type })));
}

/** By collection, as the API takes a choice. */
export function subsetOf(chosen: readonly Pending[]): Record<string, { href: string }[]> {
  const subset: Record<string, { href: string }[]> = {};
  for (const { type, href } of chosen) (subset[type] ??= []).push({ href });
  return subset;
}

export interface ProvisionOptions {
  readonly note?: string | undefined;
  readonly yes?: boolean | undefined;
  /** Only these; the rest of the draft stays where it is. */
  readonly hrefs?: ReadonlySet<string>;
}

export interface Version {
  readonly version: number;
  readonly workloads_affected: number | null;
  /** How many objects changed. */
  readonly changed: number;
}

export async function provision(terminal: Terminal, options: ProvisionOptions): Promise<void> {
  const { format, write } = terminal;
  const version = await bringIntoForce(terminal, options);
  if (version !== undefined) write(format === 'table' ? versionText(version) : renderValue(version, format));
}

export const versionText = ({ version, changed, workloads_affected: affected }: Version): string =>
  `Policy version ${String(version)} is provisioned: ${String(changed)} changed objects, ${String(affected ?? 0)} workloads affected. \`ringfence status\` says where it is in force.\n`;

/** `undefined`: nothing was pending, or somebody did not agree. */
export async function bringIntoForce(
  terminal: Terminal,
  options: ProvisionOptions,
): Promise<Version | undefined> {
  const { api, note: tell } = terminal;
  const pending = await readPending(api);
  const chosen = pending.filter(({ href }) => options.hrefs?.has(href) ?? true);
  if (chosen.length === 0) return void tell('Nothing is pending: the draft is in force.\n');
  tell(differenceText(await differenceOf(api, chosen)));
  if (options.yes !== true && !(await terminal.agrees('Bring this into force?')))
    return void tell('Nothing was provisioned; it stays in the draft.\n');
  const version = await api.post<Omit<Version, 'changed'>>('/sec_policy', {
    update_description: options.note ?? '',
    change_subset: subsetOf(chosen),
  });
  const others = pending.length - chosen.length;
  if (others > 0) tell(`${String(others)} other changed objects stay in the draft.\n`);
  return { ...version, changed: chosen.length };
}

/** Between what is in force and the draft, of these objects. */
export async function differenceOf(
  api: Terminal['api'],
  chosen: readonly Pending[],
): Promise<ObjectDifference[]> {
  const { policyDifference } = await import('../policy-difference.js');
  const [active, draft] = await Promise.all([readPolicy(api, 'active'), readPolicy(api, 'draft')]);
  return policyDifference(active.policy, draft.policy).filter(({ kind, name }) =>
    chosen.some((one) => one.type === COLLECTIONS[kind as Provisioned] && isNamed(one, name)),
  );
}

/** Firewall settings have no name in words. */
const isNamed = (one: Pending, name: string): boolean =>
  one.type === 'firewall_settings' || one.name === name;

const SIGNS = { created: '+', changed: '~', deleted: '-' } as const;
const COLOURS = { created: pc.green, changed: pc.yellow, deleted: pc.red };

export function differenceText(differences: readonly ObjectDifference[]): string {
  return differences
    .map(({ kind, name, change, added, removed }) => {
      const head = COLOURS[change](`${SIGNS[change]} ${KIND_WORDS[kind]} ${printable(name)} (${change})`);
      const lines = [
        ...removed.map((line) => pc.red(`    - ${printable(line)}`)),
        ...added.map((line) => pc.green(`    + ${printable(line)}`)),
      ];
      return `${[head, ...lines].join('\n')}\n`;
    })
    .join('');
}
