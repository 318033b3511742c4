/** YAML or JSON as the objects in it, each with its line; lists of any kind are taken apart. What is no object is a mistake. */
import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, Node, ScalarTag, Tags, YAMLMap, YAMLSeq } from 'yaml';
import type { ManifestText } from './manifest-sources.js';
import type { LocatedManifest, Manifest } from './manifests.js';
import { isTooLarge, TOO_LARGE, unreadable } from './unreadable-text.js';
import { mistakeWords, TEMPLATE_ADVICE, templateIn } from './yaml-mistakes.js';

export interface ManifestDocuments {
  readonly objects: LocatedManifest[];
  /** One line each, with place and what to do. */
  readonly mistakes: string[];
}

/** Aliases of one file; more are a bomb. */
const MOST_ALIASES = 10_000;
const KUSTOMIZATION = 'kustomize.config.k8s.io/';
/** To kubectl 0644 is octal, as in YAML 1.1. */
const OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

export function documentsOf(source: ManifestText): ManifestDocuments {
  const { file } = source;
  const why = unreadable(source.text);
  if (why !== null) return { objects: [], mistakes: [`${file}:${why}`] };
  try {
    return readDocuments(source);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { objects: [], mistakes: [`${file}:1 is nested deeper than can be read`] };
  }
}

function readDocuments({ file, text, isNamed, renderedBy }: ManifestText): ManifestDocuments {
  const lines = new LineCounter();
  const read: ManifestDocuments = { objects: [], mistakes: [] };
  const placeOf = (node: Node | null | undefined): string =>
    renderedBy ? file : `${file}:${lines.linePos(node?.range?.[0] ?? 0).line}`;
  const isOfChart = renderedBy === 'helm';
  const customTags = (tags: Tags): Tags => [OCTAL, ...tags];
  for (const document of parseAllDocuments(text, { lineCounter: lines, merge: true, customTags })) {
    const [broken] = document.errors;
    const template = broken ? null : templateIn(document, text);
    if (broken) read.mistakes.push(`${file}:${mistakeWords(broken, text)}`);
    else if (template) read.mistakes.push(`${placeOf(template)} holds a template: ${TEMPLATE_ADVICE}`);
    else readRoot(document.contents, { read, document, placeOf, isNamed, isOfChart });
  }
  return read;
}

interface Reading {
  readonly read: ManifestDocuments;
  readonly document: Document.Parsed | Document;
  readonly placeOf: (node: Node | null | undefined) => string;
  readonly isNamed: boolean;
  readonly isOfChart: boolean;
}

function readRoot(root: Node | null, reading: Reading): void {
  if (isMap(root)) return readObject(root, reading);
  if (root === null || (isScalar(root) && root.value === null)) return;
  const what = isSeq(root) ? 'a list' : 'a text';
  reading.read.mistakes.push(
    `${reading.placeOf(root)} is no object but ${what}: separate objects by a line ---`,
  );
}

type Head = Partial<Pick<Manifest, 'apiVersion' | 'kind'>>;

function readObject(node: YAMLMap, reading: Reading, inherited: Head = {}): void {
  const { read, placeOf, isNamed } = reading;
  const head = headOf(node, inherited);
  const items = node.get('items');
  if (head.kind?.endsWith('List') && isSeq(items)) return readItems(items, reading, itemHead(head));
  // A values file or another program's configuration that lies in the directory.
  if (!head.kind && !head.apiVersion && !isNamed) return;
  const missing = whatIsMissing(node, head);
  if (missing) read.mistakes.push(`${placeOf(node)} ${missing}`);
  else addObject(node, reading, head);
}

function headOf(node: YAMLMap, inherited: Head): Head {
  const said: Head = {};
  for (const key of ['apiVersion', 'kind'] as const) {
    const value: unknown = node.get(key);
    if (typeof value === 'string' && value !== '') said[key] = value;
  }
  return { ...inherited, ...said };
}

/** The items of a DeploymentList need not say what they are. */
function itemHead({ kind = 'List', ...apiVersion }: Head): Head {
  return kind === 'List' ? {} : { kind: kind.slice(0, -'List'.length), ...apiVersion };
}

function readItems({ items }: YAMLSeq, reading: Reading, head: Head): void {
  for (const item of items) {
    if (isMap(item)) readObject(item, reading, head);
    else
      reading.read.mistakes.push(
        `${reading.placeOf(item as Node)} is no object: each of a list's items is one`,
      );
  }
}

function addObject(node: YAMLMap, { read, document, placeOf, isOfChart }: Reading, head: Head): void {
  const place = placeOf(node);
  try {
    const said = node.toJS(document as Document, { maxAliasCount: MOST_ALIASES }) as Manifest;
    if (isTooLarge(said)) read.mistakes.push(`${place} ${TOO_LARGE}`);
    else read.objects.push({ manifest: { ...said, ...head }, place, ...(isOfChart && { isOfChart }) });
  } catch (error) {
    read.mistakes.push(`${place} ${aliasWords(error)}`);
  }
}

function whatIsMissing(node: YAMLMap, { kind, apiVersion }: Head): string | null {
  if (!kind && !apiVersion) return 'has neither apiVersion nor kind: it is no Kubernetes object';
  if (!kind) return 'has no kind: write, for example, kind: Deployment';
  if (!apiVersion) return `has no apiVersion: kubectl api-resources shows that of ${kind}`;
  if (apiVersion.startsWith(KUSTOMIZATION)) return 'is a kustomization: name its folder instead';
  return whatIsMissingOf(node.get('metadata'), kind);
}

function whatIsMissingOf(metadata: unknown, kind: string): string | null {
  if (!isMap(metadata)) return `is a ${kind} without metadata: give it metadata.name`;
  const name: unknown = metadata.get('name') ?? metadata.get('generateName');
  if (name === undefined || name === null) return `is a ${kind} without a name: write metadata.name`;
  if (typeof name !== 'string') return `has a name that is no text: write name: "${String(name)}"`;
  return null;
}

/** Anchors are resolved only now. */
function aliasWords(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.startsWith('Excessive')
    ? 'expands its anchors without bound: write out what its aliases (*) stand for'
    : words;
}
