/**
 * Views on their way to nodes that ask for them part by part. They are packed one after the other, and held until their last
 * part was asked for, or nobody asks any more. What is more than there is room for is refused: who asks tries again.
 */
import { CallError } from '@ringfence/bus';
import type { NodeView, NodeViewPart } from '@ringfence/contracts';
import { packView } from '@ringfence/edge';

/** A view of 10 MB is packed in a tenth of a second, and its agent waits for five. */
const MOST_WAITING = 32;
const MOST_HELD = 64;
const HELD_FOR_MS = 10_000;

interface Held {
  readonly parts: readonly NodeViewPart[];
  readonly askedAt: number;
}

export class PackedViews {
  private waiting = 0;
  private packing: Promise<unknown> = Promise.resolve();
  private readonly held = new Map<string, Held>();

  /** The first part of a new view; `view` is called when its turn has come. Throws CallError. */
  async first(node: string, view: () => Promise<NodeView>): Promise<NodeViewPart> {
    if (this.waiting >= MOST_WAITING) throw busy();
    this.waiting += 1;
    try {
      const packing = this.packing.then(async () => packView(await view()));
      this.packing = packing.catch(() => undefined);
      return this.hold(node, await packing, Date.now());
    } finally {
      this.waiting -= 1;
    }
  }

  /** Throws CallError. */
  further(node: string, { view, part }: Pick<NodeViewPart, 'view' | 'part'>): NodeViewPart {
    const { parts } = this.held.get(node) ?? { parts: [] };
    const asked = parts[part];
    if (asked?.view !== view)
      throw CallError.of('ABORTED', 'view-gone', 'this view is not held any more, ask for it anew');
    if (part + 1 === parts.length) this.held.delete(node);
    else this.held.set(node, { parts, askedAt: Date.now() });
    return asked;
  }

  private hold(node: string, parts: readonly NodeViewPart[], now: number): NodeViewPart {
    this.held.delete(node);
    for (const [other, { askedAt }] of this.held) if (now - askedAt > HELD_FOR_MS) this.held.delete(other);
    if (this.held.size >= MOST_HELD) throw busy();
    if (parts.length > 1) this.held.set(node, { parts, askedAt: now });
    return parts[0]!;
  }
}

function busy(): CallError {
  return CallError.of('RESOURCE_EXHAUSTED', 'too-many-views', 'too many views are asked for, try again');
}
