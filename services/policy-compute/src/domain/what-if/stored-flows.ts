/**
 * All flows that are stored of a while, under another policy. Who is alike is told before they are added up, so that each kind of flow is
 * judged once, by the ends of one of them; where neither end is concerned nothing has to be judged at all.
 */
import type { EndsSeen, FlowKind, FlowKinds, FlowKindsRequest } from '@ringfence/contracts';
import type { EntityFact } from '../facts.js';
import { addressEnd, entityEnd } from '../judged-by-labels.js';
import type { End } from '../judged-by-labels.js';
import type { FlippedVerdict, Flips } from './flips.js';

/** Of ends that are not there any more. */
const GONE = -1;

export interface EndsAlike extends Pick<FlowKindsRequest, 'kinds' | 'concerned'> {
  /** By the store's number; null: it is gone. */
  readonly ends: ReadonlyMap<number, End | null>;
}

export function endsAlike(
  seen: EndsSeen['ends'],
  entities: ReadonlyMap<string, EntityFact>,
  flips: Flips,
): EndsAlike {
  const ends = new Map<number, End | null>();
  const known = new Map<string, End | null>();
  const kinds: FlowKindsRequest['kinds'] = [];
  const concerned: number[] = [];
  for (const { number, name, is } of seen) {
    let end = known.get(name);
    if (end === undefined)
      known.set(name, (end = is === 'address' ? addressEnd(name) : entityOf(name, entities)));
    ends.set(number, end);
    const { kind, isConcerned } = end === null ? { kind: GONE, isConcerned: false } : flips.known(end);
    kinds.push({ number, kind });
    if (isConcerned) concerned.push(number);
  }
  return { ends, kinds, concerned };
}

function entityOf(id: string, entities: ReadonlyMap<string, EntityFact>): End | null {
  const entity = entities.get(id);
  return entity === undefined ? null : entityEnd(entity);
}

export interface FlippedKind extends FlippedVerdict {
  readonly kind: FlowKind;
  readonly from: End;
  readonly to: End;
}
export interface JudgedKinds {
  readonly flips: readonly FlippedKind[];
  /** Flows. */
  readonly leftOut: { readonly essential: number; readonly gone: number; readonly beyond: number };
}

export function judgedKinds({ kinds, beyond }: FlowKinds, { ends }: EndsAlike, flips: Flips): JudgedKinds {
  const leftOut = { essential: 0, gone: 0, beyond };
  const flipped: FlippedKind[] = [];
  for (const kind of kinds) {
    const [from, to] = kind.ends === null ? [] : [ends.get(kind.ends.src), ends.get(kind.ends.dst)];
    if (from === undefined || to === undefined) leftOut.beyond += kind.flows;
    else if (from === null || to === null) leftOut.gone += kind.flows;
    else if (kind.essential) leftOut.essential += kind.flows;
    else {
      const { proto, port } = kind;
      const flip = flips.of({ from, to, proto, port });
      if (flip !== null) flipped.push({ ...flip, kind, from, to });
    }
  }
  return { flips: flipped, leftOut };
}
