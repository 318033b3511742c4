/**
 * The DNS messages that a cluster's name server needs: one question in, A, SRV or nothing out. Pure; no EDNS, no compression of
 * anything but the question's own name.
 */

export const recordTypes = { a: 1, soa: 6, ptr: 12, aaaa: 28, srv: 33 } as const;
export const responseCodes = { ok: 0, formatError: 1, nameError: 3, notImplemented: 4 } as const;

export interface Question {
  id: number;
  /** Lower case, without the final dot. */
  name: string;
  type: number;
  /** The question's own bytes, to be repeated in the answer. */
  raw: Buffer;
  recursionDesired: boolean;
}

export type Answer = { type: 'a'; address: string } | { type: 'srv'; port: number; target: string };

const headerLength = 12;
const ttlSeconds = 5;
const maxUdpAnswers = 28;

/** Nothing for a message that is no single question. */
export function parseQuestion(message: Buffer): Question | undefined {
  if (message.length < headerLength + 5) return undefined;
  const isQuery = (message.readUInt16BE(2) & 0xf800) === 0;
  if (!isQuery || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = headerLength;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length).toLowerCase());
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.'),
    type: message.readUInt16BE(at),
    raw: message.subarray(headerLength, at + 4),
    recursionDesired: (message.readUInt16BE(2) & 0x0100) !== 0,
  };
}

export function encodeAnswer(question: Question, code: number, answers: readonly Answer[]): Buffer {
  const kept = answers.slice(0, maxUdpAnswers);
  const header = Buffer.alloc(headerLength);
  header.writeUInt16BE(question.id, 0);
  // Response, authoritative, recursion repeated and (as CoreDNS does) offered.
  header.writeUInt16BE(0x8480 | (question.recursionDesired ? 0x0100 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(kept.length, 6);
  return Buffer.concat([header, question.raw, ...kept.map(encodeRecord)]);
}

function encodeRecord(answer: Answer): Buffer {
  const data =
    answer.type === 'a'
      ? Buffer.from(answer.address.split('.').map(Number))
      : encodeService(answer.port, answer.target);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | headerLength, 0);
  head.writeUInt16BE(recordTypes[answer.type], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttlSeconds, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function encodeService(port: number, target: string): Buffer {
  const fixed = Buffer.alloc(6);
  fixed.writeUInt16BE(100, 2);
  fixed.writeUInt16BE(port, 4);
  return Buffer.concat([fixed, encodeName(target)]);
}

export function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ]);
}
