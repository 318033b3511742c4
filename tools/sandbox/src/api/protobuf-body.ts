/** Reads the protobuf bodies that kubectl sends for built-in kinds into plain objects. Answers are JSON, which it reads as well. */
import type { Json, JsonObject } from './json.js';
import { timestamp } from './metadata-rules.js';
import { fieldsOf } from './protobuf-messages.js';
import type { MessageField } from './protobuf-messages.js';
import { badRequest, StatusError } from './status-error.js';

export const protobufType = 'application/vnd.kubernetes.protobuf';

/** Kubernetes wraps every message in an envelope that names its kind, after four magic bytes. */
const magic = Buffer.from('k8s\0');

interface WireField {
  number: number;
  /** A number for varints, bytes for everything with a length. */
  value: number | Buffer;
}

export function objectFromProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, magic.length).equals(magic))
    throw badRequest('the body is no protobuf of Kubernetes');
  const envelope = wireFields(body.subarray(magic.length));
  const type = wireFields(bytesOf(envelope, 1));
  const apiVersion = bytesOf(type, 1).toString('utf8');
  const kind = bytesOf(type, 2).toString('utf8');
  if (fieldsOf(kind) === undefined) throw unreadable(kind);
  return { apiVersion, kind, ...readMessage(kind, bytesOf(envelope, 2)) };
}

function unreadable(what: string): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    `${what} cannot be read from protobuf here; send it as JSON, as kubectl apply does`,
  );
}

function bytesOf(fields: readonly WireField[], number: number): Buffer {
  const value = fields.find((field) => field.number === number)?.value;
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function wireFields(bytes: Buffer): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = varint(bytes, at);
    const payload = varint(bytes, tag.end);
    const wireType = tag.value & 7;
    if (wireType !== 0 && wireType !== 2) throw badRequest(`the body is malformed: wire type ${wireType}`);
    at = wireType === 0 ? payload.end : payload.end + payload.value;
    if (at > bytes.length) throw badRequest('the body is malformed: it ends in the middle of a field');
    fields.push({
      number: tag.value >> 3,
      value: wireType === 0 ? payload.value : bytes.subarray(payload.end, at),
    });
  }
  return fields;
}

function varint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + 10; at += 1) {
    const byte = bytes[at] as number;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
    if (byte < 0x80) return { value: Number(BigInt.asIntN(64, value)), end: at + 1 };
  }
  throw badRequest('the body is malformed: a number does not end');
}

function readMessage(message: string, bytes: Buffer): JsonObject {
  const fields = fieldsOf(message);
  if (fields === undefined) throw unreadable(message);
  const result: JsonObject = {};
  for (const { number, value } of wireFields(bytes)) {
    const field = fields.get(number);
    if (field !== undefined) take(result, field, value);
    // Go writes empty plain fields too; only a field that says something may not be passed over.
    else if (Buffer.isBuffer(value) ? value.length > 0 : value !== 0)
      throw unreadable(`field ${number} of ${message}`);
  }
  return result;
}

function take(result: JsonObject, { name, type, shape }: MessageField, value: number | Buffer): void {
  if (type === 'skip') return;
  if (name === '^') return void Object.assign(result, readMessage(type, value as Buffer));
  if (shape === 'map') {
    const entry = wireFields(value as Buffer);
    const map = (result[name] ?? {}) as JsonObject;
    map[bytesOf(entry, 1).toString('utf8')] = readValue(type, bytesOf(entry, 2)) ?? '';
    result[name] = map;
    return;
  }
  const read = readValue(type, value);
  if (shape === 'list') result[name] = [...((result[name] as Json[] | undefined) ?? []), read ?? ''];
  else if (read !== undefined) result[name] = read;
}

/** Undefined for the zero value of a field that cannot be absent on the wire. */
function readValue(type: string, value: number | Buffer): Json | undefined {
  if (typeof value === 'number') return readNumber(type, value);
  switch (type) {
    case 'text':
      return value.length === 0 ? undefined : value.toString('utf8');
    case 'kept':
      return value.toString('utf8');
    case 'bytes':
      return value.toString('base64');
    case 'Quantity':
      return bytesOf(wireFields(value), 1).toString('utf8');
    case 'Time':
      return readTime(value);
    case 'IntOrString':
      return readIntOrString(value);
    default:
      return readMessage(type, value);
  }
}

function readNumber(type: string, value: number): Json | undefined {
  if (type === 'flag') return value !== 0;
  if (type === 'bool') return value !== 0 ? true : undefined;
  return type === 'int' && value === 0 ? undefined : value;
}

function readTime(bytes: Buffer): string | undefined {
  const seconds = wireFields(bytes).find(({ number }) => number === 1)?.value;
  return typeof seconds === 'number' && seconds > 0 ? timestamp(new Date(seconds * 1000)) : undefined;
}

function readIntOrString(bytes: Buffer): Json {
  const fields = wireFields(bytes);
  const isText = fields.some(({ number, value }) => number === 1 && value === 1);
  if (isText) return bytesOf(fields, 3).toString('utf8');
  const value = fields.find(({ number }) => number === 2)?.value;
  return typeof value === 'number' ? value : 0;
}
