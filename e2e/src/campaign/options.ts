/** The command line of `npm run campaign`. */
import { join, resolve } from 'node:path';
import { parseInteger, parseNumber, parseWords } from '@ringfence/up';

export interface CampaignOptions {
  readonly minutes: number;
  readonly seed: number;
  /** The page; the text goes beside it and to the standard output. */
  readonly report: string;
  readonly data: string;
  readonly hogs: number;
  readonly only: readonly string[];
  readonly nodes: number;
}

export const USAGE = `npm run campaign -- [options]

Attacks a stack of its own, as root: Pods come and go, policy changes, processes die and freeze, credentials are misused. Meanwhile an
oracle judges every connection. Ends with 1 when a forbidden packet passed, an allowed connection was refused, or something was untrue.

  --minutes N     how long the attack lasts (default 2)
  --seed S        the same seed chooses the same faults and changes in the same order (default: by chance, and printed)
  --report FILE   the page (default: campaign.html in the data directory)
  --data DIR      data directory of the stack, with its logs (default .ringfence/campaign)
  --nodes N       nodes of the sandbox cluster (default 2)
  --hogs N        busy loops beside it, all the while (default 0)
  --only WORDS    only faults whose name contains one of these words, e.g. --only kill hogs; "none" for none at all
  --help`;

export function parseOptions(argv: readonly string[], cwd: string): CampaignOptions | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  const data = resolve(cwd, values.data);
  return {
    minutes: parseNumber('--minutes', values.minutes, 0.1, 24 * 60),
    seed:
      values.seed === undefined
        ? Math.floor(Math.random() * 1_000_000)
        : parseInteger('--seed', values.seed, 0, 2 ** 32 - 1),
    report: values.report === undefined ? join(data, 'campaign.html') : resolve(cwd, values.report),
    data,
    hogs: parseInteger('--hogs', values.hogs, 0, 64),
    only: [...(values.only ?? []), ...positionals].map((word) => word.toLowerCase()),
    nodes: parseInteger('--nodes', values.nodes, 2, 8),
  };
}

function parse(argv: readonly string[]) {
  return parseWords({
    args: [...argv],
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string' },
      report: { type: 'string' },
      data: { type: 'string', default: '.ringfence/campaign' },
      nodes: { type: 'string', default: '2' },
      hogs: { type: 'string', default: '0' },
      only: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h' },
    },
  });
}
