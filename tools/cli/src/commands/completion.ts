/** `completion`: what the shell needs to complete the commands of this one. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { completionScript, SHELLS } from '../completion.js';
import type { Shell } from '../completion.js';

/** Needs no server. */
export function completionCommand(program: Command, write: (text: string) => void): void {
  program
    .command('completion')
    .description('a script that lets the shell complete these commands')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  $ source <(ringfence completion bash)\n  $ source <(ringfence completion zsh)',
    )
    .action((shell: Shell) => write(completionScript(program, shell)));
}
