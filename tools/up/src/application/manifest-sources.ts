/**
 * What `--manifest` names, as texts: files, directories as `kubectl apply -f` reads them, kustomizations and Helm charts, globs, and
 * `-` for standard input.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../command-line.js';
import { isSourceFile, renderedTexts } from './rendering/rendered-texts.js';
import type { RenderingOptions } from './rendering/rendered-texts.js';

export interface ManifestText {
  /** As the user would write it. */
  readonly file: string;
  readonly text: string;
  /** Not found in a directory, where files of other programs may lie beside. */
  readonly isNamed: boolean;
  /** By what; its lines are then in no file. */
  readonly renderedBy?: 'kustomize' | 'helm';
}

const STANDARD_INPUT = 0;
const LARGEST_BYTES = 64 * 1024 * 1024;
const MANIFEST_NAME = /\.(ya?ml|json)$/;
const WILDCARD = /[*?]/;
const NOT_SEARCHED = new Set(['node_modules']);

export function manifestTexts(argument: string, options: RenderingOptions): ManifestText[] {
  const { cwd } = options;
  if (argument === '-') return [{ file: '-', text: readFileSync(STANDARD_INPUT, 'utf8'), isNamed: true }];
  if (existsSync(resolve(cwd, argument))) {
    const folder = isSourceFile(argument) ? dirname(argument) : argument;
    return renderedTexts(folder, options) ?? textsAt(argument, cwd);
  }
  if (!WILDCARD.test(argument)) throw new UsageError(`${argument}: no such file or directory`);
  const found = matching(argument.startsWith('/') ? '/' : '', argument.split('/').filter(Boolean), cwd);
  if (found.length === 0) throw new UsageError(`${argument}: matches no file`);
  return found.flatMap((path) => textsAt(path, cwd)).map((text) => ({ ...text, isNamed: false }));
}

function textsAt(path: string, cwd: string): ManifestText[] {
  const place = resolve(cwd, path);
  if (!statSync(place).isDirectory()) return [{ file: path, text: textOf(place, path), isNamed: true }];
  const files = entriesOf(place).filter((entry) => !entry.isDirectory() && MANIFEST_NAME.test(entry.name));
  if (files.length === 0)
    throw new UsageError(
      `${path}: holds no .yaml, .yml or .json itself; '${join(path, '**')}' also looks below`,
    );
  return files.map(({ name }) => ({
    file: join(path, name),
    text: textOf(join(place, name), join(path, name)),
    isNamed: false,
  }));
}

function textOf(place: string, path: string): string {
  if (statSync(place).size > LARGEST_BYTES) throw new UsageError(`${path}: is larger than 64 MiB`);
  return readFileSync(place, 'utf8');
}

/** Paths that match, segment by segment, so that only what can match is read; `**` stands for any number of directories. */
function matching(folder: string, [segment = '*', ...rest]: readonly string[], cwd: string): string[] {
  const entries = entriesOf(resolve(cwd, folder));
  const below = entries.filter((entry) => entry.isDirectory() && !NOT_SEARCHED.has(entry.name));
  if (segment === '**')
    return [
      ...matching(folder, rest, cwd),
      ...below.flatMap(({ name }) => matching(join(folder, name), ['**', ...rest], cwd)),
    ];
  const pattern = expressionOf(segment);
  if (rest.length > 0)
    return below
      .filter(({ name }) => pattern.test(name))
      .flatMap(({ name }) => matching(join(folder, name), rest, cwd));
  return entries
    .filter((entry) => !entry.isDirectory() && pattern.test(entry.name) && MANIFEST_NAME.test(entry.name))
    .map(({ name }) => join(folder, name));
}

function expressionOf(segment: string): RegExp {
  const escaped = segment.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

/** In the order of their names; what is hidden is not meant. */
function entriesOf(folder: string): Dirent[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}
