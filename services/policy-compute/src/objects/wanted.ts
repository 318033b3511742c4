/** What query parameters of lists ask for, read from their text. */
import type { RuleActor } from '@ringfence/contracts';
import { InvalidBody } from './invalid.js';

export function wantedNumber(name: string, text: string): number {
  const number = Number(text);
  if (!/^-?[0-9]+$/.test(text)) throw new InvalidBody(`${name}: "${text.slice(0, 60)}" is no number`);
  return number;
}

/** Python clients write `True`. */
export function wantedFlag(name: string, text: string): boolean {
  const word = text.toLowerCase();
  if (word !== 'true' && word !== 'false')
    throw new InvalidBody(`${name}: "${text.slice(0, 60)}" is neither true nor false`);
  return word === 'true';
}

export const contains = (text: string, part: string): boolean =>
  text.toLowerCase().includes(part.toLowerCase());

/** Whether an href, in whatever form, ends with this id in this collection. */
export const isHrefOf = (wanted: string, collection: string, id: string): boolean =>
  wanted.split('?')[0]!.endsWith(`/${collection}/${id}`);

/** A JSON list of lists of label hrefs: all of one of the inner lists are among these. */
export function amongLabels(carried: readonly string[], wanted: string): boolean {
  const lists = labelLists(wanted);
  return lists.length === 0 || lists.some((labels) => labels.every((label) => carried.includes(label)));
}

export function labelLists(text: string): string[][] {
  const lists = parsedJson(text);
  const isListOfLists =
    Array.isArray(lists) &&
    lists.every(
      (list): list is string[] => Array.isArray(list) && list.every((href) => typeof href === 'string'),
    );
  if (!isListOfLists) throw new InvalidBody('labels: must be a JSON list of lists of label hrefs');
  return lists.map((list) => list.map((href) => href.split('/').at(-1) ?? ''));
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const labelsNamed = (actors: readonly RuleActor[]): string[] =>
  actors.flatMap((actor) => (actor.kind === 'label' ? [actor.id] : []));
