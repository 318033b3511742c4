/** `mode`: how strictly a namespace or a node is enforced; what that would cut, before it does. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { EXIT, refused, usage } from '../failure.js';
import { renderValue } from '../output.js';
import { flowsAmong, workloadItems } from '../seen-edges.js';
import { pairedNode } from './paired-node.js';
import type { Terminal, WithTerminal } from './terminal.js';
import { countText, flipTable, leftOutText } from './what-if.js';
import type { Asked } from './what-if.js';

const MODES = ['idle', 'visibility_only', 'selective', 'full'] as const;
/** What goes wrong there goes wrong everywhere. */
const OF_ALL = new Set(['kube-system']);

interface Profile {
  readonly href: string;
  readonly namespace: string | null;
  readonly managed: boolean;
  readonly enforcement_mode: string;
}
interface ModeOptions {
  readonly cluster?: string;
  readonly node?: boolean;
  readonly confirm?: boolean;
  readonly dryRun?: boolean;
  readonly since: string;
  readonly yes?: boolean;
}
interface Wish extends ModeOptions {
  readonly name: string;
  readonly mode: string;
}

export function modeCommand(program: Command, withTerminal: WithTerminal): void {
  program
    .command('mode')
    .description('set how a namespace is enforced; it becomes managed by it. With --node: how a node is')
    .argument('<name>', 'of the namespace, or of the node')
    .addArgument(new Argument('<mode>').choices(MODES))
    .option('-c, --cluster <id>', 'which cluster, when there are several (or RINGFENCE_CLUSTER_ID)')
    .option('--node', "the name is a node's")
    .option('--confirm', 'set a node to full though that ends connections into it that no rule allows')
    .option(
      '--dry-run',
      'only say which connections seen would have another verdict; exit code 1 if some are blocked',
    )
    .option('--since <time>', 'seen since: 30m, 2h, 7d, or 2026-01-31T12:00:00Z', '1h')
    .option('-y, --yes', 'without asking')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ringfence mode shop-prod visibility_only   # nothing is dropped, flows say what would be\n  $ ringfence mode shop-prod full --dry-run    # what would be dropped of what was seen\n  $ ringfence mode shop-prod full              # what no rule allows is dropped\n  $ ringfence mode node-1 full --node --confirm',
    )
    .action((name: string, mode: string, options: ModeOptions) =>
      withTerminal((terminal) => setMode(terminal, { ...options, name, mode })),
    );
}

async function setMode(terminal: Terminal, wish: Wish): Promise<void> {
  const namespace = wish.node === true ? null : await profileOf(terminal, wish);
  // Of a namespace that is not managed nothing was seen: that says nothing of what would be cut.
  if (namespace?.managed === false && isStrict(wish.mode)) terminal.note(unseenWords(wish));
  if (wish.dryRun === true) return showFlips(terminal, wish, await judgedIn(terminal.api, wish));
  if (!(await isMeant(terminal, wish))) return terminal.note('Nothing was changed.\n');
  if (namespace === null) await setNodeMode(terminal, wish);
  else await setNamespaceMode(terminal, wish, namespace);
}

const unseenWords = ({ name, mode }: Wish): string =>
  `${name} is not managed: nothing was seen of it, and what ${mode} would cut is not known. visibility_only shows it first.\n`;

const isStrict = (mode: string): boolean => mode === 'full' || mode === 'selective';

/** A person is asked where everybody would suffer. */
async function isMeant(terminal: Terminal, wish: Wish): Promise<boolean> {
  const isEverybodys = wish.node === true || OF_ALL.has(wish.name);
  if (!isEverybodys || !isStrict(wish.mode) || wish.yes === true) return true;
  const asked = await judgedIn(terminal.api, wish);
  const cut = asked?.flips.filter(({ after }) => after === 'blocked') ?? [];
  const words =
    asked === undefined || cutIn(asked) === 0
      ? 'Nothing that was seen would be cut.'
      : `${String(cutIn(asked))} flows that were seen would be cut, the busiest:\n${flipTable(cut)}`;
  terminal.note(`${words}\n`);
  return terminal.agrees(`Set ${wish.name} to ${wish.mode}?`);
}

/** Of all that was seen there, judged in that mode under the policy in force; undefined: nobody is there. */
async function judgedIn(api: Terminal['api'], { name, mode, node, since }: Wish): Promise<Asked | undefined> {
  const who =
    node === true
      ? [[{ workload: { href: (await pairedNode(api, name)).href } }]]
      : await workloadItems(api, name);
  if (who.length === 0) return undefined;
  const modes = [{ ...(node === true ? { node: name } : { namespace: name }), enforcement_mode: mode }];
  return api.post<Asked>('/sec_policy/active/what_if', { flows: flowsAmong(who, since), modes });
}

/** Flows that pass now. */
const cutIn = ({ flows }: Asked): number =>
  flows.by.reduce((sum, { after, flows: count }) => sum + (after === 'blocked' ? count : 0), 0);

function showFlips({ format, write, end }: Terminal, { name, mode }: Wish, asked: Asked | undefined): void {
  if (asked !== undefined && cutIn(asked) > 0) end(EXIT.differs);
  if (format !== 'table') return write(renderValue(asked?.flips ?? [], format));
  if (asked === undefined || asked.flows.changed.flows === 0)
    return write(
      `Of what was seen of ${name}, ${mode} would change nothing.\n${asked === undefined ? '' : leftOutText(asked)}`,
    );
  const all = `${countText(asked)}.\n${leftOutText(asked)}`;
  write(
    `${flipTable(asked.flips)}\n${all}Nothing was changed: this is what ${mode} would do with what was seen.\n`,
  );
}

/** Without `confirm` the answer to what would cut somebody off names whom. */
async function setNodeMode({ api, format, write }: Terminal, { name, mode, confirm }: Wish): Promise<void> {
  const node = await pairedNode(api, name);
  await api.put(node.href, { enforcement_mode: mode, ...(confirm === true && { confirm }) });
  const answer = { node: name, enforcement_mode: mode, was: node.enforcement_mode };
  write(
    format === 'table'
      ? `${name} is asked to be ${mode} (was ${answer.was}).\n`
      : renderValue(answer, format),
  );
}

/** Throws where there is no such namespace. */
async function profileOf(
  { api, cluster }: Terminal,
  { name: namespace, cluster: chosen }: Wish,
): Promise<Profile> {
  const id = chosen ?? cluster ?? (await onlyCluster(api));
  const path = `/container_clusters/${encodeURIComponent(id)}/container_workload_profiles`;
  const profiles = await api.all<Profile>(path, { namespace });
  const profile = profiles.find((one) => one.namespace === namespace);
  if (profile === undefined) {
    throw refused(
      `Cluster ${id} has no namespace ${namespace}. It appears when Kubelink reports it; \`kubectl get namespaces\` shows what exists.`,
    );
  }
  return profile;
}

async function setNamespaceMode(
  { api, format, write }: Terminal,
  { name: namespace, mode }: Wish,
  profile: Profile,
): Promise<void> {
  // Labels are left as they are: a namespace without any can be managed all the same.
  await api.put(profile.href, { managed: true, enforcement_mode: mode });
  const answer = {
    namespace,
    cluster: profile.href.split('/').at(-3),
    enforcement_mode: mode,
    was: profile.managed ? profile.enforcement_mode : 'unmanaged',
  };
  write(
    format === 'table'
      ? `${namespace} is asked to be ${mode} (was ${answer.was}).\n`
      : renderValue(answer, format),
  );
}

async function onlyCluster(api: Terminal['api']): Promise<string> {
  const found = await api.all<{ href: string; name: string }>('/container_clusters');
  const ids = found.map(({ href, name }) => ({ id: href.slice(href.lastIndexOf('/') + 1), name }));
  if (ids.length === 1 && ids[0] !== undefined) return ids[0].id;
  if (ids.length === 0) throw refused('There is no cluster yet.');
  throw usage(
    `There are several clusters; say which with --cluster:\n${ids.map(({ id, name }) => `  ${id}  ${name}`).join('\n')}`,
  );
}
