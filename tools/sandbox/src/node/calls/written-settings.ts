/**
 * A configuration file as settings: dotted names and their values, from YAML, JSON, `.properties`, INI, TOML and whatever else writes
 * `name = value` or `name: value` on a line. Pure. Names come out in one form, words with `_` between: `dbHost`, `db.host`
 * and `DB_HOST` are all `db_host`.
 */
import { parseAllDocuments } from 'yaml';

export type Setting = readonly [name: string, value: string];

const maxSettings = 5_000;
const yamlName = /\.ya?ml$/i;
const commentLine = /^\s*(?:#|\/\/|;|<!--)/;
const sectionLine = /^\s*\[+\s*([\w.-]+)[^\]]*\]+\s*$/;
const settingLine = /^\s*(?:export\s+)?["']?([A-Za-z][\w.\-[\]]*)["']?\s*(?:=|:(?=\s))\s*(.*?)\s*[,;]?\s*$/;
const connectionPart = /([A-Za-z][A-Za-z ]*?)\s*=\s*([^;=\s]+)/g;

export function settingName(written: string): string {
  return written
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_');
}

/** Undefined when the text has no structure of its own: a script, or a configuration like nginx's. */
export function structuredSettings(fileName: string, text: string): Setting[] | undefined {
  const start = text.trimStart()[0] ?? '';
  if (!yamlName.test(fileName) && start !== '{' && start !== '[') return undefined;
  try {
    const documents = parseAllDocuments(text);
    if (documents.some(({ errors }) => errors.length > 0)) return undefined;
    const settings: Setting[] = [];
    for (const document of documents) flatten('', document.toJS(), settings);
    return settings;
  } catch {
    // Anchors without end, or aliases that grow without bound.
    return undefined;
  }
}

/** Lines that set something, each below its section. */
export function lineSettings(text: string): Setting[] {
  const settings: Setting[] = [];
  let section = '';
  for (const line of linesOf(text)) {
    const opened = sectionLine.exec(line)?.[1];
    if (opened !== undefined) section = `${opened}.`;
    const [, name, value] = settingLine.exec(line) ?? [];
    if (name !== undefined && value !== undefined && settings.length < maxSettings)
      settings.push([settingName(section + name), value.replace(/^(["'])(.*)\1$/, '$2')]);
  }
  return settings;
}

export const linesOf = (text: string): string[] =>
  text.split(/\r?\n/).filter((line) => line.trim() !== '' && !commentLine.test(line));

/** `Host=db;Port=5432;…` and `host=db port=5432 …`. */
export function connectionSettings(value: string): Setting[] {
  return [...value.matchAll(connectionPart)].map(([, name = '', part = '']) => [settingName(name), part]);
}

function flatten(name: string, value: unknown, into: Setting[]): void {
  if (into.length >= maxSettings) return;
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value))
      flatten(name === '' ? key : `${name}.${key}`, inner, into);
  } else if (value !== null && value !== undefined) {
    into.push([settingName(name), String(value)]);
  }
}
