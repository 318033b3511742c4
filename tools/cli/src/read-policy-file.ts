/** The policy documents that a user named: a file, all files of a folder, or standard input. What parses them is loaded only then. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { usage } from './failure.js';
import type { NamedText, ParsedPolicy } from './policy-documents.js';
import { readText } from './named-file.js';

const MOST_FILES = 10_000;

/** `-` is standard input; `set`: `name=value` of parameters. */
export async function readPolicyFile(path: string, set: readonly string[] = []): Promise<ParsedPolicy> {
  const values = valuesOf(set);
  const files = await filesOf(path);
  const { parsePolicyDocuments } = await import('./policy-documents.js');
  return parsePolicyDocuments(files, values);
}

function valuesOf(set: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const text of set) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined) throw usage(`--set ${text}: write NAME=VALUE`);
    if (values.has(name)) throw usage(`--set ${name}: it is said twice`);
    values.set(name, value!);
  }
  return values;
}

async function filesOf(path: string): Promise<NamedText[]> {
  const isFolder =
    path !== '-' &&
    (await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    ));
  if (!isFolder) return [{ name: path === '-' ? 'standard input' : path, text: await readText(path) }];
  const names = await yamlFilesBelow(path);
  if (names.length === 0) throw usage(`${path}: there is no .yaml or .yml file in it`);
  if (names.length > MOST_FILES) throw usage(`${path}: more than ${String(MOST_FILES)} files`);
  const texts: NamedText[] = [];
  for (const name of names) texts.push({ name, text: await readText(name) });
  return texts;
}

/** By name; hidden ones, and folders that links point to, are not looked at. */
async function yamlFilesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await yamlFilesBelow(path)));
    else if (/\.ya?ml$/.test(entry.name) && (await stat(path)).isFile()) found.push(path);
  }
  return found;
}
