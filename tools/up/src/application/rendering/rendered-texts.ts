/**
 * Folders that are no manifests themselves but become some: kustomizations and Helm charts, rendered by kubectl and helm as
 * `kubectl apply -k` and `helm install` would have them. Nothing is written into them, and nothing is fetched for a chart; a remote base
 * of a kustomization is fetched as kubectl does, within a bound.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { UsageError } from '../../command-line.js';
import type { ManifestText } from '../manifest-sources.js';
import { outputOf, ProgramRefusal } from './program.js';
import { programFor } from './programs.js';
import type { Program } from './fetched-programs.js';

export interface RenderingOptions {
  readonly cwd: string;
  readonly namespace?: string | undefined;
  /** Of charts, as helm's options of these names. */
  readonly values?: readonly string[];
  readonly set?: readonly string[];
}

/** As the user would write it, and where it is. */
interface Source {
  readonly path: string;
  readonly place: string;
}
type Rendering = (source: Source, options: RenderingOptions) => ManifestText[];

const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const CHART_NAME = 'Chart.yaml';
const PACKAGED_CHART = /^(.+?)-\d+\.\d+\.\d+.*\.tgz$/;
const LONGEST_RELEASE = 53;
/** Helm says before each document from which file of the chart it is. */
const SOURCE = /^# Source: (\S+)$/m;

/** Null: it holds nothing that is rendered. */
export function renderedTexts(path: string, options: RenderingOptions): ManifestText[] | null {
  const place = resolve(options.cwd, path);
  const render = renderingOf(place);
  return render && render({ path, place }, options);
}

/** The file that makes a folder one of these stands for the folder. */
export const isSourceFile = (path: string): boolean =>
  [...KUSTOMIZATION_NAMES, CHART_NAME].includes(basename(path));

function renderingOf(place: string): Rendering | null {
  if (KUSTOMIZATION_NAMES.some((name) => existsSync(join(place, name)))) return kustomization;
  return existsSync(join(place, CHART_NAME)) || PACKAGED_CHART.test(basename(place)) ? chart : null;
}

const kustomization: Rendering = ({ path, place }, { cwd }) => {
  const text = rendered('kubectl', ['kustomize', place], { what: `kubectl kustomize ${path}`, cwd });
  return [{ file: path, text, isNamed: true, renderedBy: 'kustomize' }];
};

const chart: Rendering = ({ path, place }, { cwd, namespace = 'default', values = [], set = [] }) => {
  const named = values.map((file) => existing(resolve(cwd, file), file));
  const args = [
    ...['template', releaseOf(place), place, '--include-crds', '--namespace', namespace],
    ...named.flatMap((file) => ['--values', file]),
    ...set.flatMap((assignment) => ['--set', assignment]),
  ];
  const text = rendered('helm', args, { what: `helm template ${path}`, cwd });
  return text.split(/^---$/m).map((document): ManifestText => {
    const template = SOURCE.exec(document)?.[1];
    // The chart goes by its name there, whatever its folder is called.
    const file = template === undefined ? path : join(path, ...template.split('/').slice(1));
    return { file, text: document, isNamed: true, renderedBy: 'helm' };
  });
};

function rendered(
  program: Program,
  args: readonly string[],
  { what, cwd }: { what: string; cwd: string },
): string {
  const command = programFor(program);
  try {
    return outputOf(command, args, cwd);
  } catch (error) {
    if (!(error instanceof ProgramRefusal)) throw error;
    const [first, ...more] = error.message.split('\n');
    throw new UsageError([`nothing was started: ${what}:`, first, ...more].join('\n  '));
  }
}

function existing(place: string, file: string): string {
  if (!existsSync(place)) throw new UsageError(`--values ${file}: no such file`);
  return place;
}

/** As a person would call it: by the chart's name, which its objects' names begin with. */
function releaseOf(place: string): string {
  const name = PACKAGED_CHART.exec(basename(place))?.[1] ?? nameOfChart(place) ?? basename(place);
  const release = name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  return release.slice(0, LONGEST_RELEASE).replaceAll(/^-+|-+$/g, '') || 'release';
}

/** What is wrong with the file is helm's to say. */
function nameOfChart(place: string): string | null {
  try {
    const { name } = parse(readFileSync(join(place, CHART_NAME), 'utf8')) as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : null;
  } catch {
    return null;
  }
}
