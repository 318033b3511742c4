/**
 * Scripts of the few commands of which nearly all changes are made, as netlink messages: elements that come and go, flow sets that
 * are emptied, the one-line chains of marks, writers and revision. libnftables takes most of its time to read the table first. Whatever
 * else a script says is its business, and whatever the kernel refuses: it finds the words for that.
 */
import {
  addedElements,
  addedRule,
  bits,
  deletedElements,
  deletedRules,
  hostWord,
  isEqual,
  loadedMark,
  storedMark,
  verdict,
} from './nft-message.js';
import type { RuleWords, SetElement, TableChange, VerdictWord } from './nft-message.js';

const TABLE = 'ringfence';
/** One datagram to the kernel; longer ones are rare, and not what anybody waits for. */
const MOST_TEXT = 16_384;
const COMMAND = /^(\w+ \w+) inet ringfence (\w+)(?: (.+))?$/;
/** Of elements that are found by their value. An interval is two elements, which is left to libnftables. */
const HASHED = /^(?:c|a|d|judging)_/;

/** Undefined: it says something else as well. */
export function plainScript(script: string): readonly TableChange[] | undefined {
  if (script.length > MOST_TEXT) return undefined;
  const changes: TableChange[] = [];
  for (const line of script.split('\n')) {
    if (line === '') continue;
    const change = plainCommand(line);
    if (change === undefined) return undefined;
    changes.push(change);
  }
  return changes.length === 0 ? undefined : changes;
}

function plainCommand(line: string): TableChange | undefined {
  const [, command = '', name = '', rest = ''] = COMMAND.exec(line) ?? [];
  return COMMANDS[command]?.(name, rest);
}

const COMMANDS: Readonly<Record<string, (name: string, rest: string) => TableChange | undefined>> = {
  'flush set': (name) => deletedElements(TABLE, name),
  'flush chain': (name) => deletedRules(TABLE, name),
  'add rule': (name, rule) => {
    const words = plainRule(rule);
    return words && addedRule(TABLE, name, words);
  },
  'add element': (name, list) => {
    const elements = plainElements(name, list);
    return elements && addedElements(TABLE, name, elements);
  },
  'delete element': (name, list) => {
    const elements = plainElements(name, list);
    return elements && deletedElements(TABLE, name, elements);
  },
};

function plainElements(set: string, list: string): SetElement[] | undefined {
  if (!HASHED.test(set)) return undefined;
  const elements: SetElement[] = [];
  for (const element of list.slice(2, -2).split(', ')) {
    const [key, data] = element.split(' : ').map(valueBytes);
    if (key === undefined || (data === undefined && element.includes(' : '))) return undefined;
    elements.push({ key, data });
  }
  return elements;
}

/** An address, or the name of a class. */
function valueBytes(value: string): Buffer | undefined {
  if (/^\d+(?:\.\d+){3}$/.test(value)) return Buffer.from(value.split('.').map(Number));
  const [, major = '', minor = ''] = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(value) ?? [];
  if (major !== '') return hostWord(Number.parseInt(major, 16) * 0x1_0000 + Number.parseInt(minor, 16));
  return /^[0-9a-f:]+$/.test(value) ? ipv6Bytes(value) : undefined;
}

function ipv6Bytes(address: string): Buffer | undefined {
  const [before = [], after = []] = address
    .split('::')
    .map((part) => part.split(':').filter((word) => word !== ''));
  const missing = 8 - before.length - after.length;
  if (missing < 0 || (missing > 0 && !address.includes('::'))) return undefined;
  const words = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  return Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

const number = (hex: string | undefined): number => Number.parseInt(hex ?? '0', 16);

/** What a line may consist of, one after the other. */
const PHRASES: readonly [RegExp, (...words: string[]) => Buffer[]][] = [
  [
    /^ct mark and 0x([0-9a-f]+) == 0x([0-9a-f]+)(?: |$)/,
    (mask, to) => [loadedMark, bits(number(mask), 0), isEqual(number(to))],
  ],
  [
    /^ct mark set ct mark and 0x([0-9a-f]+) or 0x([0-9a-f]+)(?: |$)/,
    (mask, or) => [loadedMark, bits((number(mask) & ~number(or)) >>> 0, number(or)), storedMark],
  ],
  [/^goto (\w+)(?: |$)/, (chain) => [verdict('goto', chain)]],
  [/^(accept|drop|return)(?: |$)/, (word) => [verdict(word as VerdictWord)]],
];
const COMMENT = /^comment "([^"]*)"$/;

function plainRule(rule: string): RuleWords | undefined {
  const expressions: Buffer[] = [];
  for (let rest = rule; rest !== '';) {
    const comment = COMMENT.exec(rest)?.[1];
    if (comment !== undefined) return { expressions, comment };
    const found = PHRASES.flatMap(([pattern, make]) => {
      const match = pattern.exec(rest);
      return match === null ? [] : [{ length: match[0].length, made: make(...match.slice(1)) }];
    })[0];
    if (found === undefined) return undefined;
    expressions.push(...found.made);
    rest = rest.slice(found.length);
  }
  return { expressions };
}
