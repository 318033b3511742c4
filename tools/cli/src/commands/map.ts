/** `map`: the graph of who talked to whom, in the terminal or as a drawing. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { colours as pc } from '../colours.js';
import { usage } from '../failure.js';
import { callTree } from '../graph/call-tree.js';
import { toDot, toMermaid } from '../graph/drawings.js';
import { edgesOf } from '../graph/flow-edges.js';
import type { Edge } from '../graph/flow-edges.js';
import { flowsOf, ruleNamesFor } from '../graph/flow-query.js';
import { GROUPINGS } from '../graph/flow-words.js';
import type { Grouping } from '../graph/flow-words.js';
import { toSvg } from '../graph/svg.js';
import { writeText } from '../named-file.js';
import { renderValue } from '../output.js';
import type { Terminal, WithTerminal } from './terminal.js';

interface MapOptions {
  readonly since: string;
  readonly namespace?: string;
  readonly by: Grouping;
  readonly all?: boolean;
  readonly format?: Drawing;
}

const DRAWINGS = { svg: toSvg, dot: toDot, mermaid: toMermaid, text: callTree } as const;
type Drawing = keyof typeof DRAWINGS;
const ENDINGS: Readonly<Record<string, Drawing>> = {
  svg: 'svg',
  dot: 'dot',
  gv: 'dot',
  mmd: 'mermaid',
  mermaid: 'mermaid',
  md: 'mermaid',
  txt: 'text',
};
const MOST_FLOWS = 20_000;

export function mapCommand(program: Command, withTerminal: WithTerminal): void {
  program
    .command('map')
    .description('the graph of who talked to whom; -o FILE writes it as .svg, .dot, .mmd or .txt')
    .addOption(new Option('--by <what>', 'what is one box').choices(GROUPINGS).default('role'))
    .option('--since <time>', 'such as 30s, 15m, 2h, 7d, or 2026-01-31T12:00:00Z', '1h')
    .option('-n, --namespace <name>', 'only what has an end in this namespace')
    .option('-a, --all', 'name look-ups, probes and the system namespaces, too')
    .addOption(
      new Option('--format <format>', 'what to draw, instead of what the ending says').choices(
        Object.keys(DRAWINGS),
      ),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ ringfence map\n  $ ringfence map -n shop-prod -o shop.svg\n  $ ringfence map --by workload --format mermaid',
    )
    .action((options: MapOptions) =>
      withTerminal((terminal) => map(terminal, options), { mayWriteFile: true }),
    );
}

async function map(terminal: Terminal, options: MapOptions): Promise<void> {
  const drawing = drawingOf(terminal.file, options.format);
  const flows = await flowsOf(terminal, options, MOST_FLOWS);
  const rules = await ruleNamesFor(terminal, flows);
  const { edges, folded } = edgesOf(flows, { by: options.by, all: options.all === true, rules });
  if (terminal.format !== 'table') return terminal.write(renderValue(edges, terminal.format));
  const text = textOf(edges, drawing, terminal.file);
  if (terminal.file === undefined) terminal.write(edges.length === 0 ? `${pc.dim('No flows.')}\n` : text);
  else await writeText(terminal.file, text);
  const where = terminal.file === undefined ? '' : `${terminal.file}: `;
  const more = folded === 0 ? '' : `; ${String(folded)} more of infrastructure, --all shows them`;
  terminal.note(pc.dim(`${where}${String(edges.length)} connections${more}\n`));
}

/** In a Markdown file a drawing is a block of its own. */
function textOf(edges: readonly Edge[], drawing: Drawing, file: string | undefined): string {
  const text = DRAWINGS[drawing](edges);
  return file?.endsWith('.md') === true && drawing === 'mermaid' ? `\`\`\`mermaid\n${text}\`\`\`\n` : text;
}

function drawingOf(file: string | undefined, chosen: Drawing | undefined): Drawing {
  if (chosen !== undefined) return chosen;
  if (file === undefined) return 'text';
  const drawing = ENDINGS[file.slice(file.lastIndexOf('.') + 1)];
  if (drawing === undefined)
    throw usage(`-o ${file}: what to draw? End its name with .svg, .dot, .mmd, .md or .txt, or say --format`);
  return drawing;
}
