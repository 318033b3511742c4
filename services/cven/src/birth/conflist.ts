/**
 * What to change in a node's CNI directory so that our plugin is the last of the chain that every Pod goes through, and how to
 * take it out again. Pure: file names and texts in, edits out. Runtimes take the file whose name sorts first; the others'
 * plugins are never touched, and a right file is never written again.
 */
import { isSameValue } from '@ringfence/decider';
import { z } from 'zod';

export interface ConfFile {
  readonly name: string;
  readonly text: string;
}

export type Edit =
  { readonly name: string; readonly text: string } | { readonly name: string; readonly text: null };

export type Installation =
  | { readonly state: 'installed'; readonly file: string; readonly edits: readonly Edit[] }
  | { readonly state: 'impossible'; readonly why: string; readonly edits: readonly Edit[] };

type Json = Record<string, unknown>;

export const PLUGIN = 'ringfence-cni';
/** Only made where the file that wins has a single plugin: that one and ours, as a list that sorts before it. */
export const WRAPPER = '00-0-ringfence.conflist';
const EXTENSION = /\.(conf|conflist|json)$/;
const VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];

/** `directory`: where the plugin finds what the agent left for it. */
export function planInstallation(files: readonly ConfFile[], directory: string): Installation {
  const ours: Json = { type: PLUGIN, directory };
  const winner = inOrder(files).find(({ name }) => name !== WRAPPER);
  const wrapper = files.find(({ name }) => name === WRAPPER);
  const withoutWrapper: Edit[] = wrapper === undefined ? [] : [{ name: WRAPPER, text: null }];
  const impossible = (why: string): Installation => ({ state: 'impossible', why, edits: withoutWrapper });
  if (winner === undefined) return impossible('there is no CNI configuration yet');
  const content = parseObject(winner.text);
  if (content === undefined) return impossible(`${winner.name} sorts first and cannot be read`);
  const version = content['cniVersion'];
  if (typeof version !== 'string' || !VERSIONS.includes(version))
    return impossible(`${winner.name} is of CNI version ${JSON.stringify(version)}, without chains`);
  if (Array.isArray(content['plugins']))
    return {
      state: 'installed',
      file: winner.name,
      edits: [...withoutWrapper, ...edited(winner, withLast(content, ours))],
    };
  if (content['type'] === 'multus')
    return impossible(`${winner.name} is Multus's: put ${PLUGIN} at the end of its default network's list`);
  if (winner.name < WRAPPER)
    return impossible(`${winner.name} has a single plugin and sorts before ${WRAPPER}, which would chain it`);
  return {
    state: 'installed',
    file: WRAPPER,
    edits: edited(wrapper ?? { name: WRAPPER, text: '' }, wrapped(content, ours)),
  };
}

/** Out of every file, also of those that do not win any more. */
export function planRemoval(files: readonly ConfFile[]): readonly Edit[] {
  return inOrder(files).flatMap((file): Edit[] => {
    if (file.name === WRAPPER) return [{ name: WRAPPER, text: null }];
    const content = parseObject(file.text);
    if (content === undefined || !others(content).hasOurs) return [];
    return [{ name: file.name, text: print({ ...content, plugins: others(content).plugins }) }];
  });
}

/** Ranges from which this node gives addresses to Pods, where the configuration that wins says it (host-local's forms). */
export function podRanges(files: readonly ConfFile[]): string[] {
  const [winner] = inOrder(files).filter(({ name }) => name !== WRAPPER);
  const content = parseObject(winner?.text ?? '') ?? {};
  const plugins: unknown[] = Array.isArray(content['plugins']) ? content['plugins'] : [content];
  const found = plugins.flatMap((plugin) => {
    const ipam = isObject(plugin) && isObject(plugin['ipam']) ? plugin['ipam'] : {};
    const ranges: unknown[] = Array.isArray(ipam['ranges']) ? ipam['ranges'].flat() : [];
    return [ipam['subnet'], ...ranges.map((range) => (isObject(range) ? range['subnet'] : undefined))];
  });
  return found.filter((each) => z.union([z.cidrv4(), z.cidrv6()]).safeParse(each).success).map(String);
}

export function isConfFile(name: string): boolean {
  return EXTENSION.test(name) && !name.startsWith('.');
}

function inOrder(files: readonly ConfFile[]): ConfFile[] {
  return [...files].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

function withLast(content: Json, ours: Json): Json {
  return { ...content, plugins: [...others(content).plugins, ours] };
}

function wrapped({ cniVersion, name, ...plugin }: Json, ours: Json): Json {
  return { cniVersion, name, plugins: [plugin, ours] };
}

function others(content: Json): { plugins: unknown[]; hasOurs: boolean } {
  const all: unknown[] = Array.isArray(content['plugins']) ? content['plugins'] : [];
  const plugins = all.filter((each) => !(isObject(each) && each['type'] === PLUGIN));
  return { plugins, hasOurs: plugins.length < all.length };
}

/** Compared as values: the owner's own spelling of the same is right too. */
function edited(file: ConfFile, wanted: Json): Edit[] {
  const present = parseObject(file.text);
  return isSameValue(present, wanted) ? [] : [{ name: file.name, text: print(wanted) }];
}

function parseObject(text: string): Json | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function print(content: Json): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}
