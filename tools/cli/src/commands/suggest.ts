/** `policy suggest`: from what was seen to the rules that let it pass, as a table, a file or a draft; nothing is provisioned. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { colours as pc } from '../colours.js';
import type { FlowEdge, Suggestion, Tightness } from '@ringfence/contracts';
import { usage } from '../failure.js';
import { writeText } from '../named-file.js';
import { render, renderValue } from '../output.js';
import type { Column } from '../output.js';
import { readFileNames } from '../policy-names.js';
import { policyText } from '../policy-text.js';
import { policyWords } from '../policy-words.js';
import type { RuleSetBody } from '../policy-bodies.js';
import type { FileNames } from '../word-forms.js';
import { seenEdges } from '../seen-edges.js';
import type { Terminal, WithTerminal } from './terminal.js';

interface SuggestOptions {
  readonly tightness: Tightness;
  readonly since: string;
  readonly draft?: boolean;
}

const TIGHTNESS: readonly Tightness[] = ['port', 'role', 'app'];

export function suggestCommand(policy: Command, withTerminal: WithTerminal): void {
  policy
    .command('suggest')
    .description(
      'the fewest rules that let pass what was seen, with evidence; -o FILE writes them for `policy apply -f`',
    )
    .argument('<subject>', 'a namespace, or labels such as app=shop or app=shop,env=prod')
    .addOption(
      new Option(
        '--tightness <how>',
        'port: role to role on the ports seen; role: on all; app: everyone to everyone',
      )
        .choices(TIGHTNESS)
        .default('port'),
    )
    .option('--since <time>', 'what was seen since: 30m, 2h, 7d, or 2026-01-31T12:00:00Z', '1h')
    .option('--draft', 'put the rules into the draft')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ringfence policy suggest shop-prod\n  $ ringfence policy suggest app=shop --since 1d -o shop.yaml\n  $ ringfence policy apply -f shop.yaml --provision',
    )
    .action((subject: string, options: SuggestOptions) =>
      withTerminal((terminal) => suggest(terminal, subject, options), { mayWriteFile: true }),
    );
}

async function suggest(terminal: Terminal, subject: string, options: SuggestOptions): Promise<void> {
  const { api, file, format, write, note } = terminal;
  if (file !== undefined && options.draft === true)
    throw usage('Say -o FILE or --draft: rules that are applied from the file would be there twice.');
  const edges = await seenEdges(api, subject, options.since);
  const suggestion = await api.post<Suggestion>('/sec_policy/draft/suggest', {
    edges,
    tightness: options.tightness,
  });
  const names = await readFileNames(api);
  if (format !== 'table') write(renderValue(suggestion, format));
  else show(terminal, { suggestion, edges, names });
  if (suggestion.rule_sets.length === 0) return;
  if (file !== undefined) {
    await writeText(file, fileOf(names, suggestion, subject));
    note(`Written to ${file}: \`ringfence policy apply -f ${file}\` makes it the draft.\n`);
  } else if (options.draft === true) {
    for (const body of suggestion.rule_sets) await api.post('/sec_policy/draft/rule_sets', body);
    note('In the draft, not in force: `ringfence policy diff` shows what it would change.\n');
  } else note('Nothing is stored: --draft puts it into the draft, -o FILE into a file.\n');
}

interface ShownRule {
  readonly rule_set: string;
  readonly from: string;
  readonly to: string;
  readonly on: string;
  readonly evidence: Suggestion['evidence'][number];
}

const RULE_COLUMNS: readonly Column<ShownRule>[] = [
  { title: 'RULE SET', value: (rule) => rule.rule_set },
  { title: 'FROM', value: ({ from }) => from },
  { title: 'TO', value: ({ to }) => to },
  { title: 'ON', value: ({ on }) => on },
  { title: 'SEEN', value: ({ evidence }) => String(evidence.num_connections) },
  { title: 'LAST', value: ({ evidence }) => evidence.last_detected.slice(0, 19).replace('T', ' ') },
  { title: 'WHO', value: ({ evidence }) => whoWords(evidence) },
];

function whoWords({ seen, seen_count: count }: Suggestion['evidence'][number]): string {
  const more = count > 1 ? `, and ${String(count - 1)} more` : '';
  return `${seen[0] ?? ''}${more}`;
}

interface Shown {
  readonly suggestion: Suggestion;
  readonly edges: readonly FlowEdge[];
  readonly names: FileNames;
}

function show({ write }: Terminal, { suggestion, edges, names }: Shown): void {
  const words = policyWords(names);
  const sets = suggestion.rule_sets.map((set) => words.ruleSet(set as unknown as RuleSetBody));
  const rows = suggestion.evidence.map((evidence): ShownRule => {
    const set = sets[evidence.rule_set]!;
    const rule = (set['rules'] as Record<string, unknown>[])[evidence.rule]!;
    return {
      rule_set: String(set['name']),
      from: sideText(rule['from']),
      to: sideText(rule['to']),
      on: (rule['on'] as string[]).join(' '),
      evidence,
    };
  });
  write(render(rows, RULE_COLUMNS, 'table', noRulesWords(edges, suggestion)));
  write(`\n${coverageWords(suggestion)}\n`);
  for (const { evidence, from, to } of rows.filter((row) => row.evidence.unseen_pairs > 0))
    write(
      `${pc.yellow('wider than seen')}: ${from} to ${to} also means ${evidence.unseen.join(', ')}${moreWords(evidence.unseen_pairs - evidence.unseen.length)}\n`,
    );
  for (const edge of suggestion.blocked.slice(0, SHOWN_BLOCKED))
    write(`${pc.red('still blocked')}: ${edgeText(edge)}: ${edge.reason}\n`);
  if (suggestion.blocked.length > SHOWN_BLOCKED)
    write(`and ${String(suggestion.blocked.length - SHOWN_BLOCKED)} more; \`-o json\` names them\n`);
}

const SHOWN_BLOCKED = 20;
const moreWords = (count: number): string => (count > 0 ? `, and ${String(count)} more` : '');

function noRulesWords(edges: readonly FlowEdge[], { coverage }: Suggestion): string {
  if (edges.length === 0)
    return 'Nothing was seen. `--since` reaches further back; idle and unmanaged namespaces report no flows.';
  return coverage.blocked === 0 ? 'The draft allows already what was seen.' : 'No rule of labels would help.';
}

function coverageWords({ coverage }: Suggestion): string {
  const { existing, suggested, essential, unmanaged, blocked } = coverage;
  const total = existing + suggested + essential + unmanaged + blocked;
  const parts = [
    `${String(suggested)} by these rules`,
    `${String(existing)} by rules that there are`,
    `${String(essential + unmanaged)} in any case`,
  ];
  return `${String(total - blocked)} of ${String(total)} calls seen would pass in full enforcement: ${parts.join(', ')}.`;
}

const sideText = (side: unknown): string =>
  typeof side === 'string'
    ? side
    : Object.entries(side as Record<string, unknown>)
        .map(([key, value]) => `${key}=${Array.isArray(value) ? value.join('|') : String(value)}`)
        .join(' ');

const edgeText = ({ src, dst, service }: FlowEdge): string => {
  const end = ({ name, ip, workload }: FlowEdge['src']): string => name ?? ip ?? workload?.href ?? '';
  return `${end(src)} → ${end(dst)} ${String(service.port)}/${service.proto === 17 ? 'udp' : service.proto === 6 ? 'tcp' : String(service.proto)}`;
};

function fileOf(names: FileNames, suggestion: Suggestion, subject: string): string {
  const words = policyWords(names);
  const ruleSets = suggestion.rule_sets.map((set) => words.ruleSet(set as unknown as RuleSetBody));
  const remarks = suggestion.evidence.map((evidence) => ({
    at: ['rule_sets', evidence.rule_set, 'rules', evidence.rule],
    text: `${String(evidence.num_connections)} connections, last ${evidence.last_detected}: ${whoWords(evidence)}`,
  }));
  const head = `Suggested by \`ringfence policy suggest ${subject}\` from what was seen.`;
  return policyText({ labels: words.labels(), rule_sets: ruleSets }, remarks, head);
}
