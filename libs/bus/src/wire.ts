/** JSON and headers on the wire. */
import { context, propagation } from '@opentelemetry/api';
import { headers as newHeaders } from 'nats';
import type { MsgHdrs } from 'nats';
import { parseSubject } from '@ringfence/contracts';
import type { TraceHeaders } from './bus.js';

const decoder = new TextDecoder();
const encoder = new TextEncoder();
export const NOTHING = new Uint8Array(0);
/**
 * On every tombstone, in the words of NATS' own key-value stores. A message without payload and without headers ends the
 * answers to a pull from another account (2.9.10: so does a service end what it streams), and what follows it in the stream
 * would not come for as long as the pull seems to be open.
 */
export const REMOVED = { 'KV-Operation': 'DEL' };

export function encode(payload: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(payload ?? null));
}

/** Throws SyntaxError. An empty payload is a tombstone: null. */
export function decode(data: Uint8Array): unknown {
  return data.length === 0 ? null : JSON.parse(decoder.decode(data));
}

export function readHeaders(headers: MsgHdrs | undefined): TraceHeaders {
  if (headers === undefined) return {};
  return Object.fromEntries(headers.keys().map((key) => [key.toLowerCase(), headers.get(key)]));
}

/** The given headers and the active span's trace context, which wins: it continues a trace that was handed in. */
export function writeHeaders(own: TraceHeaders | undefined): MsgHdrs {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  const headers = newHeaders();
  for (const [key, value] of Object.entries({ ...own, ...carrier })) headers.set(key, value);
  return headers;
}

/** `obs.<cluster>.pod.<uid>` → `obs pod`: a metric's label must not carry ids. */
export function kindOfSubject(subject: string): string {
  const { lane, kind } = parseSubject(subject);
  return `${lane} ${kind}`.trim();
}
