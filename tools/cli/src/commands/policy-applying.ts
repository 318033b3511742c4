/** `policy apply`: shows what it would change, asks a person, changes the draft, and brings it into force where that is wanted. */
import { colours as pc } from '../colours.js';
import { printable, render, renderValue } from '../output.js';
import type { Column } from '../output.js';
import { applyPlan, deleteAll, policyPlan } from '../policy-apply.js';
import type { Applied, PolicyPlan } from '../policy-apply.js';
import { bindWorkloads } from '../policy-bindings.js';
import { heldBy } from '../policy-held.js';
import type { ParsedPolicy } from '../policy-documents.js';
import { readPolicyFile } from '../read-policy-file.js';
import { bringIntoForce, differenceText, versionText } from './provisioning.js';
import type { Version } from './provisioning.js';
import type { Terminal } from './terminal.js';

const CHANGE_COLOURS = {
  created: pc.green,
  changed: pc.yellow,
  unchanged: pc.dim,
  deleted: pc.red,
  waiting: pc.yellow,
};
const APPLIED_COLUMNS: readonly Column<Applied>[] = [
  {
    title: 'CHANGE',
    value: ({ change }) => change,
    colour: (text, { change }) => CHANGE_COLOURS[change](text),
  },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'NAME', value: ({ name }) => name },
];

export interface ApplyOptions {
  readonly file: string;
  readonly set?: readonly string[];
  readonly provision?: boolean;
  readonly note?: string;
  readonly yes?: boolean;
}

export async function apply(terminal: Terminal, options: ApplyOptions): Promise<void> {
  const { note } = terminal;
  const plan = await policyPlan(terminal.api, await readPolicyFile(options.file, options.set));
  const api = await heldBy(terminal.api, plan);
  for (const text of notEnforcedYet(plan.parsed)) note(`${text}\n`);
  if (!isNothing(plan)) {
    note(planText(plan));
    if (options.yes !== true && !(await terminal.agrees('Make the draft say this?')))
      return note('Nothing was changed.\n');
  }
  const changes = await applyPlan(api, plan);
  if (options.provision === true)
    return tell(terminal, plan, await intoForce({ ...terminal, api }, options, { plan, changes }));
  tell(terminal, plan, { changes });
  if (!isNothing(plan))
    note('Not in force yet: `ringfence policy provision`, or `apply --provision`, brings it into force.\n');
}

const isNothing = ({ newLabels, differences }: PolicyPlan): boolean =>
  newLabels.length + differences.length === 0;

function tell({ format, write }: Terminal, plan: PolicyPlan, done: Done): void {
  if (format !== 'table') return write(renderValue(done, format));
  write(
    isNothing(plan)
      ? 'Nothing to change: the draft says this already.\n'
      : render(done.changes, APPLIED_COLUMNS, format),
  );
  if (done.version) write(versionText(done.version));
}

interface Done {
  readonly changes: readonly Applied[];
  readonly version?: Version | undefined;
}

/** Bindings need their virtual services in force; what was still named until now can be deleted, which is a version of its own. */
async function intoForce(
  terminal: Terminal,
  { file, note = `applied ${file}`, yes }: ApplyOptions,
  { plan, changes }: { readonly plan: PolicyPlan; readonly changes: readonly Applied[] },
): Promise<Done> {
  const { api } = terminal;
  const hrefs = (some: readonly Applied[]): Set<string> => new Set(some.map(({ href }) => href));
  const isWaiting = ({ change }: Applied): boolean => change === 'waiting';
  let version = await bringIntoForce(terminal, {
    ...{ note, yes },
    hrefs: hrefs(changes.filter((one) => !isWaiting(one))),
  });
  const bound = await bindWorkloads(api, plan);
  if (bound > 0) terminal.note(`${String(bound)} bindings of virtual services changed.\n`);
  const done = changes.filter((one) => !isWaiting(one));
  let waiting = changes.filter(isWaiting);
  // Each version frees what it no longer names.
  while (version !== undefined && waiting.length > 0) {
    const now = await deleteAll(api, waiting);
    const deleted = now.filter((one) => !isWaiting(one));
    if (deleted.length === 0) break;
    version = (await bringIntoForce(terminal, { note, yes: true, hrefs: hrefs(deleted) })) ?? version;
    done.push(...deleted);
    waiting = now.filter(isWaiting);
  }
  return { changes: [...done, ...waiting], version };
}

/** What would be made or changed, before it is. */
function planText({ newLabels, differences }: PolicyPlan): string {
  const labels = newLabels.map((name) => pc.green(`+ label ${printable(name)} (created)\n`));
  return `${labels.join('')}${differenceText(differences)}`;
}

/** Stored and shown, without effect as yet: whoever relies on it must know. */
function notEnforcedYet({ policy }: ParsedPolicy): string[] {
  const hasNames = (addresses: readonly object[]): boolean => addresses.some((one) => 'fqdn' in one);
  const lists = policy.ip_lists.filter(({ fqdns }) => fqdns.length > 0);
  const services = policy.virtual_services.filter(({ addresses }) => hasNames(addresses));
  return [
    ...lists.map(({ name }) => `names of the IP list "${printable(name)}"; only its ranges are.`),
    ...services.map(
      ({ name }) => `names of the virtual service "${printable(name)}"; only its addresses are.`,
    ),
    ...(policy.firewall_settings === undefined ? [] : ['firewall settings.']),
  ].map((what) => `Not enforced yet: ${what}`);
}
