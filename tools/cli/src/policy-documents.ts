/**
 * From the text of files to one policy: any number of YAML documents, whose order does not matter. Says of everything that is wrong in which
 * file, on which line and in which field it stands. What is merely clever (aliases, tags, keys that are no text) is refused: it has no use here.
 */
import { isAlias, isMap, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { usage } from './failure.js';
import { PolicyFile } from './policy-file.js';
import { NAMED_KINDS } from './policy-kinds.js';
import { declaredParameters, fillIn } from './template-parameters.js';
import type { Parameters } from './template-parameters.js';

/** One policy, of however many documents. */
export interface ParsedPolicy {
  readonly policy: PolicyFile;
  /** Whose objects the documents are; see policy-owner.ts. */
  readonly owners: ReadonlySet<string>;
  /** Where something stands, for messages that are found out later. */
  at(path: Path): string;
}
export interface NamedText {
  readonly name: string;
  readonly text: string;
}
type Path = readonly PropertyKey[];

const MOST_CHARACTERS = 16_777_216;
const SHOWN = 10;

/** `values`: of parameters. Each must be a parameter of one of the documents. */
export function parsePolicyDocuments(
  files: readonly NamedText[],
  values: ReadonlyMap<string, string> = new Map(),
): ParsedPolicy {
  const sources = files.flatMap((file) => sourcesOf(file));
  const parameters = sources.map((source) => declaredParameters(source));
  refuseUnknownValues(values, parameters);
  fillIn(sources, parameters, values);
  return merged(sources.map((source) => ({ source, said: parsed(source) })));
}

export const parsePolicyFile = (text: string, name: string): ParsedPolicy =>
  parsePolicyDocuments([{ name, text }]);

/** A document, and where its parts stand. */
export interface Source {
  readonly document: Document;
  lineAt(offset: number): string;
  at(path: Path): string;
}

function sourcesOf({ name, text }: NamedText): Source[] {
  if (text.length > MOST_CHARACTERS)
    throw usage(`${name}:1: file: more than ${String(MOST_CHARACTERS)} characters`);
  const lines = new LineCounter();
  const lineAt = (offset: number): string => `${name}:${String(lines.linePos(offset).line)}`;
  return documentsOf(name, text, lines).map((document) => {
    const [broken] = [...document.errors, ...document.warnings];
    if (broken !== undefined) throw usage(`${lineAt(broken.pos[0])}: ${withoutPlace(broken.message)}`);
    const at = (path: Path): string => `${lineAt(offsetOf(document, path))}: ${fieldOf(path)}`;
    plain(document, lineAt);
    return { document, lineAt, at };
  });
}

function documentsOf(name: string, text: string, lineCounter: LineCounter): Document[] {
  try {
    const documents = parseAllDocuments(text, { lineCounter, stringKeys: true });
    return 'empty' in documents ? [] : documents;
  } catch (error) {
    if (error instanceof RangeError) throw usage(`${name}:1: file: nested too deeply`);
    throw error;
  }
}

/** The parser says the place again, and shows it below. */
const withoutPlace = (message: string): string =>
  (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');

/** Nothing but maps, lists and words; a number is the word that was written, `1.10` too. */
function plain(document: Document, lineAt: Source['lineAt']): void {
  visit(document, {
    Node: (_, node) => {
      const line = lineAt(node.range?.[0] ?? 0);
      if (isAlias(node)) throw usage(`${line}: an alias (*${node.source}) is not taken: write it out`);
      if (isScalar(node) && typeof node.value === 'number') node.value = node.source ?? String(node.value);
      if (isMap(node) && node.has('__proto__')) throw usage(`${line}: __proto__: unknown field`);
    },
  });
}

function parsed({ document, at }: Source): PolicyFile {
  const read = PolicyFile.safeParse(document.toJS() ?? {});
  if (read.success) return read.data;
  const messages = read.error.issues.slice(0, SHOWN).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [`${at(issue.path)}: ${issue.message}`];
    return issue.keys.map((key) => `${at([...issue.path, key])}: unknown field`);
  });
  throw usage(messages.join('\n'));
}

function refuseUnknownValues(values: ReadonlyMap<string, string>, parameters: readonly Parameters[]): void {
  const known = [...new Set(parameters.flatMap((some) => [...some.keys()]))];
  const unknown = [...values.keys()].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const there = known.length === 0 ? 'there are no parameters' : `there are ${known.join(', ')}`;
  throw usage(`--set ${unknown.join(', ')}: there is no such parameter; ${there}`);
}

interface Said {
  readonly source: Source;
  readonly said: PolicyFile;
}
type Origin = (rest: Path) => string;

function merged(documents: readonly Said[]): ParsedPolicy {
  const policy = PolicyFile.parse({});
  const origins = new Map<PropertyKey, Origin[]>();
  const placed = (kind: PropertyKey, { source }: Said, path: Path): void => {
    const list = origins.get(kind) ?? [];
    list.push((rest) => source.at([...path, ...rest]));
    origins.set(kind, list);
  };
  for (const document of documents) {
    const { said } = document;
    said.labels.forEach((_, i) => placed('labels', document, ['labels', i]));
    said.label_types.forEach((_, i) => placed('label_types', document, ['label_types', i]));
    policy.labels.push(...said.labels);
    policy.label_types.push(...said.label_types);
    for (const kind of NAMED_KINDS) {
      said[kind].forEach((_, i) => placed(kind, document, [kind, i]));
      const list = policy[kind] as { owner?: string | undefined }[];
      list.push(...said[kind].map((one) => ({ ...one, owner: one.owner ?? said.owner })));
    }
    if (said.firewall_settings === undefined) continue;
    placed('firewall_settings', document, ['firewall_settings']);
    policy.firewall_settings = said.firewall_settings;
  }
  const at = ([kind = '', index, ...rest]: Path): string => {
    const list = origins.get(kind) ?? [];
    if (kind === 'firewall_settings') return list[0]?.([index, ...rest].filter(isThere)) ?? '';
    return list[Number(index)]?.(rest) ?? '';
  };
  refuseRepetitions(policy, origins);
  const owners = documents.flatMap(({ said }) => [
    said.owner,
    ...NAMED_KINDS.flatMap((kind) => said[kind].map((one) => one.owner)),
  ]);
  return { policy, owners: new Set(owners.filter(isThere)), at };
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

/** Labels may be listed by everybody who needs them. */
function refuseRepetitions(policy: PolicyFile, origins: ReadonlyMap<PropertyKey, readonly Origin[]>): void {
  const lists: readonly (readonly [string, readonly string[], string])[] = [
    ...NAMED_KINDS.map((kind) => [kind, policy[kind].map(({ name }) => name), 'name'] as const),
    ['label_types', policy.label_types.map(({ key }) => key), 'key'],
    ['firewall_settings', (origins.get('firewall_settings') ?? []).map(() => 'firewall settings'), ''],
  ];
  for (const [kind, names, field] of lists) {
    const first = new Map<string, Origin>();
    for (const [index, name] of names.entries()) {
      const origin = origins.get(kind)![index]!;
      const before = first.get(name);
      const rest = field === '' ? [] : [field];
      if (before !== undefined)
        throw usage(`${origin(rest)}: "${name}" is there already (${before([]).replace(/: [^:]*$/, '')})`);
      first.set(name, origin);
    }
  }
}

/** Of the deepest part of the path that the document has. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as Node | undefined;
    const start = node?.range?.[0];
    if (start !== undefined) return start;
  }
  return document.contents?.range?.[0] ?? document.range?.[0] ?? 0;
}

function fieldOf(path: Path): string {
  return (
    path
      .map((part, index) =>
        typeof part === 'number' ? `[${String(part)}]` : `${index === 0 ? '' : '.'}${String(part)}`,
      )
      .join('') || 'file'
  );
}
