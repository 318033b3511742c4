/** How the command line ends when it cannot do what was asked: a message that says what to do, and an exit code that scripts can use. */
/** `differs`: of commands that compare, where what they were asked to compare is not the same. */
export const EXIT = { ok: 0, differs: 1, refused: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export class Failure extends Error {
  override readonly name = 'Failure';
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const usage = (message: string): Failure => new Failure(EXIT.usage, message);
export const refused = (message: string): Failure => new Failure(EXIT.refused, message);
