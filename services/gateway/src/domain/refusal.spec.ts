/** The tokens of refusals: what the code says, what the catalogue says, and what docs/api.md tells people are the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '@ringfence/contracts';
import type { ErrorToken } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { statusOf } from './refusal.js';

const ROOT = join(import.meta.dirname, '../../../..');
/** Who answers for a collection, and what they share. */
const ANSWERERS = [
  ...['gateway', 'inventory', 'label-resolver', 'policy-compute', 'flow-ingest'].map(
    (each) => `services/${each}`,
  ),
  ...['libs/resources', 'libs/contracts'],
];
const TOKENS = Object.keys(ERRORS) as ErrorToken[];

function sources(): string[] {
  return ANSWERERS.flatMap((project) =>
    readdirSync(join(ROOT, project, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/\.spec\.ts$|testing\/|api\/errors\.ts$/.test(file))
      .map((file) => readFileSync(join(ROOT, project, 'src', file), 'utf8')),
  );
}
const tokenOf = (word: string): string => word.replaceAll('-', '_');

/** Of deciders, for what callers cannot bring about: the id of what is new is new. */
const INNER = new Set(
  ['api_key', 'label', 'pairing_profile', 'record', 'user', 'workload'].map((each) => `${each}_exists`),
);
const REFUSALS =
  /(?:\breject\(|\brefuse\(|CallError\.of\(\s*'[A-Z_]+',|\b(?:nameTaken|referenced|labelInUse):)\s*'([a-z]+(?:[-_][a-z]+)+)'/g;

describe('the tokens of refusals', () => {
  it('are told in docs/api.md, each with its status, when it comes, and what to do then', () => {
    const rows = readFileSync(join(ROOT, 'docs/api.md'), 'utf8').matchAll(
      /^\| (\d{3}) +\| `(\w+)` +\| (.+?) +\| (.+?) +\|$/gm,
    );
    const told = [...rows].map(([, status, token, when]) => [token, Number(status), when]);
    const known = TOKENS.map((token) => [token, statusOf(token), ERRORS[token].when]);
    expect(told.sort()).toEqual(known.sort());
  });

  it('are in the catalogue, wherever something is refused by one', () => {
    const said = sources().flatMap((text) =>
      [...text.matchAll(REFUSALS)].map(([, word = '']) => tokenOf(word)),
    );
    expect(said.length).toBeGreaterThan(100);
    const strangers = new Set(said.filter((token) => !(token in ERRORS) && !INNER.has(token)));
    expect([...strangers]).toEqual([]);
  });

  it('are all used', () => {
    const texts = sources();
    const words = new Set(
      texts.flatMap((text) => text.match(/\b[a-z]+(?:[-_][a-z]+)+\b/g)?.map(tokenOf) ?? []),
    );
    // `${kind}_referenced`, say.
    const ends = texts.flatMap(
      (text) => text.match(/(?<=\})[-_][a-z]+(?:[-_][a-z]+)*(?=`)/g)?.map(tokenOf) ?? [],
    );
    const isUsed = (token: string): boolean => words.has(token) || ends.some((end) => token.endsWith(end));
    expect(TOKENS.filter((token) => !isUsed(token))).toEqual([]);
  });
});
