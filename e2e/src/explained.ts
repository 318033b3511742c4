/** What REST explains: why a packet passes or not, and whether a place's kernel has the policy of which it speaks. */
import type { Mode } from './application.js';
import { api, eventually } from './world.js';

export interface Explained {
  readonly verdict: string;
  readonly policyVersion: number;
  readonly basis: string;
  readonly summary: string;
  readonly egress: ExplainedEnd | null;
  readonly ingress: ExplainedEnd | null;
}
export interface ExplainedEnd {
  readonly name: string;
  /** `key=value`. */
  readonly labels: readonly string[];
  readonly mode: string;
  readonly verdict: string;
  readonly ruleClass: string | null;
  readonly rule: { readonly ref: string } | null;
  /** The other end as its kernel sees it. */
  readonly sees: string | null;
  readonly inForce: { readonly state: string; readonly message: string } | null;
}
const QUESTIONS_AT_ONCE = 12;
/** RFC 5737: nobody's. */
const ELSEWHERE = '203.0.113.9';
const NOBODYS_PORT = { port: 9, proto: 6 };

export function explain(
  from: string,
  to: string,
  { port, proto }: { port: number; proto: number },
): Promise<Explained> {
  return api.post<Explained>('/explain', { from, to, port, proto });
}

export async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]!);
  };
  await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, worker));
  return results;
}

export interface AskedPlace {
  /** As explain is asked. */
  readonly name: string;
  readonly mode: Mode | undefined;
}

/** Until the cluster judges each of them by this label: what Kubernetes was told of takes its way through the control plane. */
export function untilLabelled(places: readonly Pick<AskedPlace, 'name'>[], label: string): Promise<void> {
  return eventually(`${label} at ${places.length} places`, async () => {
    const ends = await inTurns(places, ({ name }) => explain(name, ELSEWHERE, NOBODYS_PORT));
    return ends.every(({ egress }) => egress?.labels.includes(label) === true);
  });
}

/** Until every place says that its kernel has this version, in its mode. */
export function untilInForce(version: number, places: readonly AskedPlace[]): Promise<void> {
  return eventually(
    `policy version ${version} in force everywhere`,
    async () => {
      const open = await inTurns(places, async ({ name, mode }) => {
        const { policyVersion, egress, summary } = await explain(name, ELSEWHERE, NOBODYS_PORT);
        const isThere = policyVersion >= version && egress?.inForce?.state === 'yes';
        return isThere && (mode === undefined || egress.mode === mode) ? [] : [`${name}: ${summary}`];
      });
      const [first] = open.flat();
      if (first !== undefined) throw new Error(first);
      return true;
    },
    60_000,
  );
}
