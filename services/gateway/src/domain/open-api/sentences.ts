/** What each operation does, in a few words and in a sentence. */
import type { Route, UsualOp } from '../route.js';
import { capital, nounOf, plural } from './words.js';

const a = (noun: string): string => `${/^[aeio]|^(IP|API)/.test(noun) ? 'an' : 'a'} ${noun}`;
/** `the firewall settings`, `a rule`. */
const some = (collection: string): string => {
  const noun = nounOf(collection);
  return noun.endsWith('settings') ? `the ${noun}` : a(noun);
};

const VERBS: Readonly<Record<UsualOp, string>> = {
  list: 'List',
  get: 'Show',
  create: 'Create',
  update: 'Change',
  delete: 'Delete',
};
const isUsual = (op: string): op is UsualOp => op in VERBS;

/** A few words. */
export function titleOf({ collection, op, says }: Route): string {
  if (!isUsual(op)) return capital(op.replaceAll('_', ' '));
  if (says !== undefined) return `${VERBS[op]} ${nounOf(collection)}`;
  return `${VERBS[op]} ${op === 'list' ? plural(nounOf(collection)) : some(collection)}`;
}

/** A sentence or two. */
export function sentenceOf(route: Route): string {
  return route.says ?? (isUsual(route.op) ? USUAL[route.op](route) : '');
}

const isDraft = ({ path }: Route): boolean => path.includes('{pversion}');

const USUAL: Readonly<Record<UsualOp, (route: Route) => string>> = {
  list: ({ collection }) =>
    `Lists ${plural(nounOf(collection))}: at most 500, or as many as \`max_results\` says. \`X-Total-Count\` tells how many there are.`,
  get: (route) =>
    `Shows ${some(route.collection)}${isDraft(route) ? ' as drafted, as in force, or as of an older version' : ''}.`,
  create: (route) =>
    `Creates ${some(route.collection)}${isDraft(route) ? ' as a draft: it has no effect until it is provisioned' : ''}.`,
  update: (route) =>
    `Changes the fields that the body names; a list that is named is replaced as a whole.${isDraft(route) ? ' It takes effect when it is provisioned.' : ''}`,
  delete: (route) =>
    isDraft(route)
      ? `Deletes ${some(route.collection)}: at once what was never provisioned; what is in force is marked, and goes with the next provision. Refused while something names it.`
      : `Deletes ${some(route.collection)}. Refused while something still needs it.`,
};
