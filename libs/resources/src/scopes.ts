/** Callers whose roles hold within labels: what an owner says of them. What lies within, each owner judges by itself. */
import { CallError } from '@ringfence/bus';
import type { Grant, ResourceRequest, ResourceResponse } from '@ringfence/contracts';

type Grants = readonly Grant[];

export const forbidden = (message: string): CallError =>
  CallError.of('PERMISSION_DENIED', 'forbidden_error', message);

/** Of all that can be done with what is shown, what its reader may do. `isWithin`: whether it lies within one of these grants. */
export const capsFor = (
  { caps }: { readonly caps?: Readonly<Record<string, Grants | null>> | undefined },
  all: readonly string[],
  isWithin: (cap: string, grants: Grants) => boolean = () => false,
): string[] =>
  all.filter((cap) => {
    const within = caps === undefined ? null : caps[cap];
    return within === null || (within !== undefined && isWithin(cap, within));
  });

/** Of what an owner does not tell apart by labels, such a caller has nothing. */
export function refuseUnjudged(
  request: ResourceRequest,
  isJudged: (request: ResourceRequest) => boolean,
): void {
  if (request.within !== undefined && !isJudged(request))
    throw forbidden(`${request.collection}: this is not for roles that hold within labels`);
}

/** What is shown, without what its reader may do nowhere; where it lies is judged before. */
export function withoutOthersCaps({ caps }: ResourceRequest, response: ResourceResponse): ResourceResponse {
  if (caps === undefined) return response;
  const { body } = response;
  const shown = (item: unknown): unknown => {
    if (typeof item !== 'object' || item === null || !('caps' in item) || !Array.isArray(item.caps))
      return item;
    return { ...item, caps: item.caps.filter((cap: string) => caps[cap] !== undefined) };
  };
  return { ...response, body: Array.isArray(body) ? body.map(shown) : shown(body) };
}
