/** What changes a table of nftables over raw netlink: elements, rules, and the transaction around them, as bytes. Pure. */
import {
  attribute,
  nested,
  netfilterMessage,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  text,
  uint32,
} from './netlink-message.js';

const NFTABLES = 10;
const INET = 1;
const BATCH_BEGIN = 16;
const BATCH_END = 17;
const NEW_RULE = 6;
const DELETE_RULE = 8;
const NEW_ELEMENT = 12;
const DELETE_ELEMENT = 14;
/** Of the generic netfilter header: whose messages are between a begin and an end. */
const RESOURCE_AT = 18;
const LIST_ELEMENT = 1;

/** One message of a transaction, but for its place in it. */
export interface TableChange {
  readonly type: number;
  readonly flags: number;
  readonly attributes: readonly Buffer[];
}

export interface SetElement {
  readonly key: Buffer;
  /** Of a map. */
  readonly data?: Buffer | undefined;
}

export interface RuleWords {
  readonly expressions: readonly Buffer[];
  readonly comment?: string | undefined;
}

/**
 * One datagram: all of it or nothing, and nothing if anybody has committed since `generation`. Only the last change is acknowledged;
 * whatever is refused is said before that.
 */
export function transaction(sequence: number, generation: number, changes: readonly TableChange[]): Buffer {
  const messages = changes.map(({ type, flags, attributes }, i) => {
    const ack = i === changes.length - 1 ? NLM_F_ACK : 0;
    const head = { subsystem: NFTABLES, type, flags: flags | ack, sequence, family: INET };
    return netfilterMessage(head, ...attributes);
  });
  return Buffer.concat([
    border(BATCH_BEGIN, sequence, uint32(1, generation)),
    ...messages,
    border(BATCH_END, sequence),
  ]);
}

function border(type: number, sequence: number, ...attributes: Buffer[]): Buffer {
  const message = netfilterMessage({ subsystem: 0, type, flags: 0, sequence, family: 0 }, ...attributes);
  message.writeUInt16BE(NFTABLES, RESOURCE_AT);
  return message;
}

export function addedElements(table: string, set: string, elements: readonly SetElement[]): TableChange {
  return { type: NEW_ELEMENT, flags: NLM_F_CREATE, attributes: inSet(table, set, elements) };
}

/** Without elements: all of them. */
export function deletedElements(table: string, set: string, elements?: readonly SetElement[]): TableChange {
  return { type: DELETE_ELEMENT, flags: 0, attributes: inSet(table, set, elements) };
}

function inSet(table: string, set: string, elements?: readonly SetElement[]): Buffer[] {
  const listed = elements?.map(({ key, data }) =>
    nested(LIST_ELEMENT, value(1, key), ...(data === undefined ? [] : [value(2, data)])),
  );
  return [text(1, table), text(2, set), ...(listed === undefined ? [] : [nested(3, ...listed)])];
}

/** All of the chain's. */
export function deletedRules(table: string, chain: string): TableChange {
  return { type: DELETE_RULE, flags: 0, attributes: [text(1, table), text(2, chain)] };
}

/** Behind those that are there. */
export function addedRule(table: string, chain: string, { expressions, comment }: RuleWords): TableChange {
  return {
    type: NEW_RULE,
    flags: NLM_F_CREATE | NLM_F_APPEND,
    attributes: [
      text(1, table),
      text(2, chain),
      nested(4, ...expressions),
      ...(comment === undefined ? [] : [attribute(7, commentData(comment))]),
    ],
  };
}

/** As nft keeps it: a type, a length, and text that ends with a zero. */
function commentData(comment: string): Buffer {
  const words = Buffer.from(`${comment}\0`);
  return Buffer.concat([Buffer.from([0, words.length]), words]);
}

export function expression(name: string, ...attributes: Buffer[]): Buffer {
  return nested(LIST_ELEMENT, text(1, name), nested(2, ...attributes));
}

/** Data of `length` bytes, as registers hold them. */
export function value(type: number, bytes: Buffer): Buffer {
  return nested(type, attribute(1, bytes));
}

const VERDICTS = { accept: 1, drop: 0, goto: -4, return: -5 } as const;
export type VerdictWord = keyof typeof VERDICTS;

export function verdict(word: VerdictWord, chain?: string): Buffer {
  const target = chain === undefined ? [] : [text(2, chain)];
  return expression('immediate', uint32(1, 0), nested(2, nested(2, uint32(1, VERDICTS[word]), ...target)));
}

const REGISTER = 1;
const CT_MARK = 3;

export const loadedMark = expression('ct', uint32(1, REGISTER), uint32(2, CT_MARK));
export const storedMark = expression('ct', uint32(2, CT_MARK), uint32(4, REGISTER));

/** What is in the register becomes `(it & mask) ^ flipped`. */
export function bits(mask: number, flipped: number): Buffer {
  return expression(
    'bitwise',
    uint32(1, REGISTER),
    uint32(2, REGISTER),
    uint32(3, 4),
    value(4, hostWord(mask)),
    value(5, hostWord(flipped)),
    uint32(6, 0),
  );
}

export function isEqual(to: number): Buffer {
  return expression('cmp', uint32(1, REGISTER), uint32(2, 0), value(3, hostWord(to)));
}

/** A number as this machine keeps it. */
export function hostWord(number: number): Buffer {
  return Buffer.from(Uint32Array.of(number).buffer);
}
