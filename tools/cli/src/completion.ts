/** What a shell offers after `ringfence …`, as a script for it: words of the commands as they are now. */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh'] as const;
export type Shell = (typeof SHELLS)[number];

interface Place {
  /** ` policy suggest`; empty: the program itself. */
  readonly path: string;
  readonly words: readonly string[];
}

export function completionScript(program: Command, shell: Shell): string {
  const name = program.name();
  const places = placesOf(program, '');
  const paths = places.map(({ path }) => path).filter((path) => path !== '');
  const lines = [
    ...(shell === 'zsh' ? ['autoload -Uz compinit bashcompinit && compinit -u && bashcompinit'] : []),
    `_${name}() {`,
    '  local path="" word',
    // Which command it is so far: words that are none, such as names, leave it where it is.
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case "$path $word" in ${paths.map(quoted).join('|')}) path="$path $word" ;; esac`,
    '  done',
    '  local words=""',
    '  case "$path" in',
    ...places.map(({ path, words }) => `    ${quoted(path)}) words=${quoted(words.join(' '))} ;;`),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    `complete -o default -F _${name} ${name}`,
  ];
  return `${lines.join('\n')}\n`;
}

function placesOf(command: Command, path: string): Place[] {
  const subcommands = command.commands.map((child) => child.name());
  const options = command.options.flatMap(({ long }) => long ?? []);
  const choices = [...command.registeredArguments, ...command.options].flatMap(
    ({ argChoices }) => argChoices ?? [],
  );
  return [
    { path, words: [...subcommands, ...choices, ...options, '--help'] },
    ...command.commands.flatMap((child) => placesOf(child, `${path} ${child.name()}`)),
  ];
}

/** Words of our own: letters, digits and dashes. */
const quoted = (text: string): string => `'${text}'`;
