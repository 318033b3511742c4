/** `policy diff`: what the draft, or documents, would change in force, in words and for whom; as an exit code, too. */
import { EXIT } from '../failure.js';
import { printable, renderValue } from '../output.js';
import { policyPlan } from '../policy-apply.js';
import { policyDifference, withDocuments } from '../policy-difference.js';
import type { ObjectDifference } from '../policy-difference.js';
import type { ParsedPolicy } from '../policy-documents.js';
import { readPolicy } from '../policy-in-words.js';
import { readPolicyFile } from '../read-policy-file.js';
import { differenceText } from './provisioning.js';
import type { Terminal } from './terminal.js';
import { askWhatIf, whatIfText } from './what-if.js';

export interface DiffOptions {
  readonly file?: string;
  readonly set: readonly string[];
  readonly flows: string;
  readonly whatIf: boolean;
}

export async function diff(terminal: Terminal, options: DiffOptions): Promise<void> {
  const { api, format, write, end } = terminal;
  const documents = options.file === undefined ? undefined : await readPolicyFile(options.file, options.set);
  const { labels, differences } = await differencesOf(api, documents);
  const isSame = labels.length + differences.length === 0;
  if (!isSame) end(EXIT.differs);
  const asked =
    isSame || !options.whatIf ? undefined : await askWhatIf(api, { since: options.flows, documents });
  if (format !== 'table') return write(renderValue({ labels, differences, what_if: asked ?? null }, format));
  const made = labels.map((name) => `+ label ${printable(name)} (created)\n`).join('');
  write(isSame ? 'Nothing would change.\n' : `${made}${differenceText(differences)}`);
  if (asked !== undefined) write(`\n${whatIfText(asked)}`);
}

interface Differences {
  /** That are not there yet. */
  readonly labels: readonly string[];
  readonly differences: readonly ObjectDifference[];
}

async function differencesOf(api: Terminal['api'], documents?: ParsedPolicy): Promise<Differences> {
  const { policy: active } = await readPolicy(api, 'active');
  if (documents === undefined)
    return { labels: [], differences: policyDifference(active, (await readPolicy(api, 'draft')).policy) };
  // What could not be applied is no answer.
  const { newLabels } = await policyPlan(api, documents);
  return { labels: newLabels, differences: policyDifference(active, withDocuments(active, documents)) };
}
