/**
 * How a node's view travels: its JSON, gzipped, cut into parts that are asked for one by one, so that no message is near a limit
 * of the server. A view is named by the digest of all of its parts: whatever else is put together is nothing.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, MOST_VIEW_PARTS, NodeViewMessage, subjectToken } from '@ringfence/contracts';
import type { NodeView, NodeViewPart } from '@ringfence/contracts';
import { viewMessage, viewOf } from './view-message.js';

/** In JSON a third more; what a node's credential may say in one message is 1 MiB. */
const PART_BYTES = 256 * 1024;
/** Unpacked; no view is a tenth of it. */
const MOST_BYTES = 512 * 1024 ** 2;
/** A view is mostly repetition: the better levels take several times as long for little. */
const FAST = { level: 1 };

const packed = promisify<string, { level: number }, Buffer>(gzip);
const unpacked = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** Throws CallError where it takes more parts than an agent would ask for. */
export async function packView(view: NodeView): Promise<NodeViewPart[]> {
  const bytes = await packed(JSON.stringify(viewMessage(view)), FAST);
  const count = Math.ceil(bytes.length / PART_BYTES);
  if (count > MOST_VIEW_PARTS)
    throw CallError.of(
      'RESOURCE_EXHAUSTED',
      'view-too-large',
      `the view of ${view.node} takes ${count} parts`,
    );
  const name = digest(bytes);
  return Array.from({ length: count }, (_, part) => {
    const cut = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    return { view: name, part, parts: count, gzip: cut.toString('base64') };
  });
}

/** The view that the first part is of, whatever else is among them; throws where anything of it is missing. */
export async function joinView(all: readonly NodeViewPart[]): Promise<NodeView> {
  const [first] = all;
  const own = new Map(all.filter(({ view }) => view === first?.view).map((one) => [one.part, one.gzip]));
  const inOrder = Array.from({ length: first?.parts ?? 0 }, (_, part) => own.get(part) ?? '');
  const bytes = Buffer.concat(inOrder.map((cut) => Buffer.from(cut, 'base64')));
  if (digest(bytes) !== first?.view) throw new Error('its parts are not a whole view');
  const text = await unpacked(bytes, { maxOutputLength: MOST_BYTES });
  const view = viewOf(NodeViewMessage.parse(JSON.parse(text.toString())));
  if (view === undefined) throw new Error('it names rules that are not in it');
  return view;
}

/** Throws CallError where clas-cache refuses, or holds the view no more of which the next part is. */
export async function askForView(bus: Bus, node: string): Promise<NodeView> {
  const ask = (further?: Pick<NodeViewPart, 'view' | 'part'>): Promise<NodeViewPart> =>
    bus.call(CALLS.nodeSnapshot, { node, further }, { suffix: subjectToken(node) });
  const first = await ask();
  const parts = [first];
  while (parts.length < first.parts) parts.push(await ask({ view: first.view, part: parts.length }));
  return joinView(parts);
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64url');
}
