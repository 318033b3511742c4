/** A change of a node's view as one message. One that is too large is told as a gap: its node asks for the whole, in parts. */
import type { NodeView, NodeViewMessage } from '@ringfence/contracts';
import { viewMessage } from '@ringfence/edge';

const MOST_BYTES = 512 * 1024;

export function inOneMessage(view: NodeView): NodeViewMessage {
  const message = viewMessage(view);
  if (Buffer.byteLength(JSON.stringify(message)) <= MOST_BYTES) return message;
  const { node, revision, policyVersion, at, unpaired } = view;
  const nothing = { upsert: [], remove: [] };
  return {
    ...{ node, revision, policyVersion, at },
    // Whoever has it already knows it by its number, and anybody else lacks what it builds on.
    base: revision,
    ...{ groups: nothing, endpoints: nothing, rules: [], units: nothing },
    ...(unpaired !== undefined && { unpaired }),
  };
}
