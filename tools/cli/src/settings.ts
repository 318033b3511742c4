/** Where the server is and which key to use: from the folder that was named, else from the environment, else from `.ringfence/env` here or above. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { usage } from './failure.js';

export interface Settings {
  readonly url: string;
  readonly org: string;
  readonly key: string;
  readonly secret: string;
  readonly cluster: string | undefined;
  readonly kubeconfig: string | undefined;
}

const NAME = 'env';
const FILE = join('.ringfence', NAME);

export function readSettings(env: NodeJS.ProcessEnv, directory: string, data?: string): Settings {
  const file = data === undefined ? findFile(directory) : fileIn(resolve(directory, data));
  const [first, second] = data === undefined ? [env, file] : [file, env];
  const value = (name: string): string | undefined => first?.[name] || second?.[name];
  const needed = (name: string): string => {
    const found = value(name);
    if (found === undefined || found === '') {
      throw usage(
        `${name} is not set. Set it, or run this below a folder with ${FILE} (\`npm start\` writes one).`,
      );
    }
    return found;
  };
  const url = needed('RINGFENCE_URL').replace(/\/+$/, '');
  if (!/^https?:\/\//.test(url))
    throw usage(`RINGFENCE_URL: "${url}" is no URL; write http://host:port or https://host`);
  return {
    url,
    org: value('RINGFENCE_ORG_ID') ?? '1',
    key: needed('RINGFENCE_API_KEY'),
    secret: needed('RINGFENCE_API_SECRET'),
    cluster: value('RINGFENCE_CLUSTER_ID'),
    kubeconfig: value('KUBECONFIG'),
  };
}

function fileIn(folder: string): Readonly<Record<string, string>> {
  const text = readIfThere(join(folder, NAME)) ?? readIfThere(join(folder, FILE));
  if (text === undefined)
    throw usage(
      `--data ${folder}: there is no file ${NAME} in it; \`npm start -- --data ${folder}\` writes one.`,
    );
  return parseEnv(text);
}

function findFile(directory: string): Readonly<Record<string, string>> | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    const text = readIfThere(join(folder, FILE));
    if (text !== undefined) return parseEnv(text);
    if (dirname(folder) === folder) return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw usage(`${path} cannot be read: ${code ?? String(error)}`);
  }
}

/** `NAME=value`, with `export` or quotes if they are there. */
export function parseEnv(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => /^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*?)\s*$/.exec(line));
  return Object.fromEntries(
    lines.flatMap((match) =>
      match === null ? [] : [[match[1] ?? '', (match[2] ?? '').replace(/^(["'])(.*)\1$/, '$2')]],
    ),
  );
}
