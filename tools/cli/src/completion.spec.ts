import { execFileSync } from 'node:child_process';
import { Argument, Command, Option } from 'commander';
import { expect, it } from 'vitest';
import { completionScript } from './completion.js';

const program = new Command('ringfence').option('-o, --output <format>');
const policy = program.command('policy');
policy
  .command('suggest')
  .argument('<subject>')
  .option('--since <time>')
  .addOption(new Option('--tightness <how>').choices(['port', 'role', 'app']))
  .option('-f, --file <path>');
policy.command('show');
program
  .command('mode')
  .argument('<name>')
  .addArgument(new Argument('<mode>').choices(['idle', 'full']));

/** What bash offers for the last of these words. */
function offered(...words: string[]): string[] {
  const script = `${completionScript(program, 'bash')}
    COMP_WORDS=(ringfence ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
    _ringfence; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

it('bash offers commands, their options and the words that they take', () => {
  expect(offered('')).toEqual(['policy', 'mode']);
  expect(offered('-')).toEqual(['--output', '--help']);
  expect(offered('policy', 's')).toEqual(['suggest', 'show']);
  expect(offered('policy', 'suggest', 'shop', '--s')).toEqual(['--since']);
  expect(offered('mode', 'shop', 'f')).toEqual(['full']);
  expect(offered('policy', 'suggest', 'shop', '')).toEqual(['--since', '--tightness', '--file', '--help']);
  expect(offered('nonsense', 'x')).toEqual([]);
});

it('bash offers what an option takes after it, and leaves files to the shell', () => {
  expect(offered('policy', 'suggest', 'shop', '--tightness', '')).toEqual(['port', 'role', 'app']);
  expect(offered('policy', 'suggest', '-o', '')).toEqual(['table', 'wide', 'json', 'yaml']);
  expect(offered('-o', 'json', 'policy', 'suggest', '-f', '')).toEqual([]);
});
