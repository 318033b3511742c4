/**
 * The file of `ringfence policy apply`: policy in words, by names instead of hrefs. Parses YAML and says of everything that is wrong on
 * which line it stands. What the words mean to the server is `policy-translation.ts`.
 */
import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { z } from 'zod';
import { usage } from './failure.js';

const name = z.string().trim().min(1).max(255);
const description = z.string().max(4096).optional();
const names = z
  .union([name, z.array(name).min(1)])
  .transform((given) => (Array.isArray(given) ? given : [given]));
/** YAML reads `8080` as a number and `on: all` as text. */
const word = z.union([z.string().trim().min(1), z.number().transform(String)]);

const label = z.strictObject({ key: name, value: word });
const labelValues = z
  .union([word, z.array(word).min(1)])
  .transform((given) => (Array.isArray(given) ? given : [given]));

/** Words of a side that are not label types. */
const SIDE_WORDS = {
  all: z.literal(true),
  container_host: z.literal(true),
  ip_list: names,
  label_group: names,
  workload: names,
} as const;
const exclusions = z.object({ label_group: names.optional() }).catchall(labelValues);
const side = z.union(
  [
    z.literal('all').transform(() => ({ all: true as const })),
    z
      .object({
        all: SIDE_WORDS.all.optional(),
        container_host: SIDE_WORDS.container_host.optional(),
        ip_list: names.optional(),
        label_group: names.optional(),
        workload: names.optional(),
        not: exclusions.optional(),
      })
      .catchall(labelValues)
      .refine((given) => Object.keys(given).length > 0, 'names nobody; write `all` for everybody'),
  ],
  {
    error: 'write `all`, or labels such as { role: web }, or ip_list, label_group, workload, container_host',
  },
);
export type SideWords = z.output<typeof side>;

const on = z.array(word).min(1);

const rule = z.strictObject({
  from: side,
  to: side,
  on,
  description,
  enabled: z.boolean().default(true),
  extra_scope: z.boolean().default(false),
});
const denyRule = rule.extend({ override: z.boolean().default(false) });
export type RuleWords = z.output<typeof rule>;
export type DenyRuleWords = z.output<typeof denyRule>;

const scope = z.object({ label_group: names.optional() }).catchall(word);
const ruleSet = z.strictObject({
  name,
  description,
  enabled: z.boolean().default(true),
  scopes: z.array(scope).default([]),
  rules: z.array(rule).default([]),
  deny_rules: z.array(denyRule).default([]),
});

export const PolicyFile = z.strictObject({
  labels: z.array(label).default([]),
  label_groups: z
    .array(
      z.strictObject({
        name,
        description,
        key: name,
        labels: z.array(word).default([]),
        groups: z.array(name).default([]),
      }),
    )
    .default([]),
  ip_lists: z
    .array(
      z.strictObject({
        name,
        description,
        ranges: z.array(word).default([]),
        fqdns: z.array(name).default([]),
      }),
    )
    .default([]),
  services: z.array(z.strictObject({ name, description, ports: z.array(word).min(1) })).default([]),
  rule_sets: z.array(ruleSet).default([]),
  boundaries: z
    .array(z.strictObject({ name, enabled: z.boolean().default(true), from: side, to: side, on }))
    .default([]),
});
export type PolicyFile = z.output<typeof PolicyFile>;

/** Where in the file something stands, for messages that are found out later. */
export interface ParsedPolicy {
  readonly policy: PolicyFile;
  at(path: readonly PropertyKey[]): string;
}

const SHOWN = 10;

export function parsePolicyFile(text: string, fileName: string): ParsedPolicy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line } = lines.linePos(broken.pos[0]);
    throw usage(`${fileName}:${String(line)}: ${withoutPlace(broken.message)}`);
  }
  const at = (path: readonly PropertyKey[]): string =>
    `${fileName}:${String(lineOf(document, lines, path))}: ${fieldOf(path)}`;
  const parsed = PolicyFile.safeParse(document.toJS() ?? {});
  if (parsed.success) return { policy: parsed.data, at };
  const messages = parsed.error.issues.slice(0, SHOWN).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [`${at(issue.path)}: ${issue.message}`];
    return issue.keys.map((key) => `${at([...issue.path, key])}: unknown field`);
  });
  throw usage(messages.join('\n'));
}

/** The parser says the place again, and shows it below. */
const withoutPlace = (message: string): string =>
  (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');

/** The line of the deepest part of the path that the file has. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
    const start = node?.range?.[0];
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}

function fieldOf(path: readonly PropertyKey[]): string {
  return (
    path
      .map((part, index) =>
        typeof part === 'number' ? `[${String(part)}]` : `${index === 0 ? '' : '.'}${String(part)}`,
      )
      .join('') || 'file'
  );
}
