/** What a shell offers after `ringfence …`, as a script for it: words of the commands as they are now; where a value is wanted, its choices, or files. */
import type { Command, Option } from 'commander';
import { FORMATS } from './output.js';

export const SHELLS = ['bash', 'zsh'] as const;
export type Shell = (typeof SHELLS)[number];

interface Place {
  /** ` policy suggest`; empty: the program itself. */
  readonly path: string;
  readonly words: readonly string[];
  readonly flags: readonly string[];
  /** Options that want a value, by pattern of path and flag. */
  readonly values: readonly { readonly after: string; readonly choices: readonly string[] }[];
}

export function completionScript(program: Command, shell: Shell): string {
  const name = program.name();
  const places = placesOf(program, '');
  const paths = places.map(({ path }) => path).filter((path) => path !== '');
  const lines = [
    ...(shell === 'zsh' ? ['autoload -Uz compinit bashcompinit && compinit -u && bashcompinit'] : []),
    `_${name}() {`,
    // Not `path`: that is zsh's way of saying PATH.
    '  local command="" words="" flags="" word',
    // Which command it is so far: words that are none, such as names, leave it where it is.
    '  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do',
    `    case "$command $word" in ${paths.map(quoted).join('|')}) command="$command $word" ;; esac`,
    '  done',
    '  COMPREPLY=()',
    '  case "$command" in',
    ...places.map(
      ({ path, words, flags }) =>
        `    ${quoted(path)}) words=${quoted(words.join(' '))} flags=${quoted(flags.join(' '))} ;;`,
    ),
    '  esac',
    '  case "$command ${COMP_WORDS[COMP_CWORD-1]}" in',
    ...places
      .flatMap(({ values }) => values)
      .map(({ after, choices }) => `    ${after}) words=${quoted(choices.join(' '))} flags="" ;;`),
    '    *) [[ -z $words || ${COMP_WORDS[COMP_CWORD]} == -* ]] && words="$words $flags" ;;',
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    `complete -o default -F _${name} ${name}`,
  ];
  return `${lines.join('\n')}\n`;
}

function placesOf(command: Command, path: string): Place[] {
  const subcommands = command.commands.map((child) => child.name());
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const place = {
    path,
    words: [...subcommands, ...choices],
    flags: [...command.options.flatMap(({ long }) => long ?? []), '--help'],
    values: command.options.filter(({ required }) => required).map((option) => valueOf(option, path)),
  };
  return [place, ...command.commands.flatMap((child) => placesOf(child, `${path} ${child.name()}`))];
}

/** Options of the program itself stand anywhere. */
function valueOf({ short, long, argChoices }: Option, path: string): Place['values'][number] {
  const flags = [short, long].filter((flag) => flag !== undefined);
  const after = flags.map((flag) => (path === '' ? `*${quoted(` ${flag}`)}` : quoted(`${path} ${flag}`)));
  const choices = long === '--output' ? FORMATS : (argChoices ?? []);
  return { after: after.join('|'), choices };
}

/** Words of our own: letters, digits and dashes. */
const quoted = (text: string): string => `'${text}'`;
