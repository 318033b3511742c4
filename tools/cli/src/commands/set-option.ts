/** `--set NAME=VALUE`, as often as there are parameters. */
export const SET_OPTION: [
  flags: string,
  description: string,
  parse: (text: string, before: string[]) => string[],
  start: string[],
] = [
  '--set <name=value>',
  'a parameter of a template; may be repeated',
  (text, before) => [...before, text],
  [],
];
