/** What `source .ringfence/env` gives to a shell: where everything is, and `ringfence` itself, in any directory and quicker than by npx. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COMMAND_LINE = join(import.meta.dirname, '..', '..', 'cli', 'bin', 'ringfence.mjs');

export function writeEnvironment(dataDirectory: string, variables: Readonly<Record<string, string>>): void {
  const bin = binOf(dataDirectory);
  mkdirSync(bin, { recursive: true });
  const door = `#!/bin/sh\nexec '${process.execPath}' '${COMMAND_LINE}' "$@"\n`;
  writeFileSync(join(bin, 'ringfence'), door, { mode: 0o755 });
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`);
  const onPath = `case ":$PATH:" in *':${bin}:'*) ;; *) export PATH='${bin}'":$PATH" ;; esac\n`;
  writeFileSync(join(dataDirectory, 'env'), [...lines, onPath].join(''), { mode: 0o600 });
}

export function removeEnvironment(dataDirectory: string): void {
  rmSync(join(dataDirectory, 'env'), { force: true });
  rmSync(binOf(dataDirectory), { recursive: true, force: true });
}

const binOf = (dataDirectory: string): string => join(dataDirectory, 'bin');
