/**
 * What is asked beside what is in force: versions of `sec_policy`, and labels and modes, which have no version but a place in
 * their owner's events. What is in force must have been read before what is asked is: then nothing that was written before the
 * question is overlooked, however it was lost or delayed on its way.
 */
import { GLOBAL } from '@ringfence/contracts';
import type { CALLS, ClusterPulse, PolicyProgressView, PolicyStamp } from '@ringfence/contracts';
import type { z } from 'zod';

type Heads = z.output<(typeof CALLS)['askedSettings']['response']>['heads'];

/** Null: its owner could not be asked. */
export interface Asked {
  readonly version: z.output<(typeof CALLS)['askedVersion']['response']> | null;
  readonly heads: Heads | null;
}
export interface ProgressFacts {
  /** Null: clas-cache has not said. */
  readonly policy: NonNullable<ClusterPulse['policy']> | null;
  readonly asked: Asked;
  /** Whether there are workloads whose labels or mode their resolver has not taken in yet. */
  readonly isUntaken: boolean;
}
export interface PolicyProgress {
  readonly view: PolicyProgressView;
  /** Whether everything that was written is in force on the node. */
  isNewestOn(node: string): boolean;
}

/** A thing that is asked for and not in force, in words. */
interface Missing {
  readonly words: string;
  readonly at: string | null;
}

const MOST_IN_WORDS = 3;

export function policyProgress(cluster: string, facts: ProgressFacts): PolicyProgress {
  const { asked, policy } = facts;
  const onTheWay = [...unknown(facts), ...untold(cluster, facts)];
  const unproven = policy === null ? [] : unacknowledged(cluster, asked, policy);
  const missing = [...onTheWay, ...unproven];
  const behind = unproven.length === 0 ? [] : [...(policy?.behind ?? [])];
  const view: PolicyProgressView = {
    ...numbersOf(cluster, facts),
    is_newest: missing.length === 0,
    asked_at: newest(missing),
    waiting_for: missing.map(({ words }) => words).join('; '),
    nodes_behind: behind,
  };
  const isToldAndNamed = onTheWay.length === 0 && policy?.behindCount === behind.length;
  return { view, isNewestOn: (node) => view.is_newest || (isToldAndNamed && !behind.includes(node)) };
}

type Numbers = Pick<
  PolicyProgressView,
  'asked_version' | 'told_version' | 'in_force_version' | 'asked_settings' | 'in_force_settings'
>;

function numbersOf(
  cluster: string,
  { asked: { version, heads }, policy, isUntaken }: ProgressFacts,
): Numbers {
  const concerned = heads === null ? null : concerning(cluster, heads);
  const inForce = policy?.inForce ?? null;
  return {
    asked_version: version === null ? null : version.policyVersion,
    told_version: policy === null ? null : policy.told.policyVersion,
    in_force_version: inForce === null ? null : inForce.policyVersion,
    // Something that was taken is not counted yet: who waits for the number would wait for too little.
    asked_settings: isUntaken ? null : askedIn(concerned),
    in_force_settings: concerned === null || inForce === null ? null : settingsIn(concerned, inForce),
  };
}

const askedIn = (concerned: ReturnType<typeof concerning> | null): number | null =>
  concerned === null ? null : newestOf(concerned);

function unknown({ asked, policy, isUntaken }: ProgressFacts): Missing[] {
  return [
    ...(asked.version === null ? ['policy-compute does not answer: which version is asked for'] : []),
    ...(asked.heads === null ? ['label-resolver does not answer: which labels and modes are asked for'] : []),
    ...(policy === null ? ['clas-cache has not said what it has'] : []),
    ...(isUntaken ? ['labels and modes of workloads that label-resolver has not taken in yet'] : []),
  ].map((words) => ({ words, at: null }));
}

/** Asked for, and not on its way to the nodes yet. */
function untold(cluster: string, { asked, policy }: ProgressFacts): Missing[] {
  return policy === null ? [] : lacking(cluster, asked, policy.told).map(told('clas-cache has not told it'));
}

function unacknowledged(
  cluster: string,
  asked: Asked,
  { told: stamp, inForce, behind, behindCount }: NonNullable<ClusterPulse['policy']>,
): Missing[] {
  if (lacking(cluster, asked, stamp).length > 0) return [];
  const named = behind.slice(0, MOST_IN_WORDS).join(', ');
  const more = behindCount > MOST_IN_WORDS ? ` and ${String(behindCount - MOST_IN_WORDS)} more` : '';
  const who = named === '' ? 'clas-cache to be in sync' : `${named}${more} to acknowledge it`;
  const lacked = inForce === null ? everything(asked) : lacking(cluster, asked, inForce);
  return lacked.map(told(`waiting for ${who}`));
}

const told =
  (where: string) =>
  ({ words, at }: Missing): Missing => ({ words: `${words}: ${where}`, at });

function everything({ version }: Asked): Missing[] {
  return [{ words: `policy version ${String(version?.policyVersion ?? 0)}`, at: version?.at ?? null }];
}

function lacking(cluster: string, { version, heads }: Asked, stamp: PolicyStamp): Missing[] {
  const isOld = version !== null && stamp.policyVersion < version.policyVersion;
  const settings = concerning(cluster, heads ?? [])
    .filter((head) => head.position > reached(stamp, head))
    .map(({ at }) => at)
    .sort();
  const since = settings.at(-1);
  return [
    ...(isOld ? [{ words: `policy version ${String(version.policyVersion)}`, at: version.at }] : []),
    ...(since === undefined ? [] : [{ words: `labels and modes as of ${since}`, at: since }]),
  ];
}

const concerning = (cluster: string, heads: Heads): Heads =>
  heads.filter((head) => head.cluster === cluster || head.cluster === GLOBAL);

const newestOf = (heads: Heads): number => Math.max(0, ...heads.map(({ position }) => position));

/** Up to which position everything is in force: where nothing more was written of a kind, nothing of it is missing. */
function settingsIn(heads: Heads, stamp: PolicyStamp): number {
  const missing = heads.filter((head) => head.position > reached(stamp, head));
  return Math.min(newestOf(heads), ...missing.map((head) => reached(stamp, head)));
}

const reached = (stamp: PolicyStamp, { kind }: Heads[number]): number =>
  Math.min(stamp.settled, takenIn(stamp, kind));

/** Policy is not computed from anything else that label-resolver says. */
function takenIn({ facts }: PolicyStamp, kind: string): number {
  return kind in facts ? facts[kind as keyof typeof facts] : Infinity;
}

const newest = (missing: readonly Missing[]): string | null =>
  missing
    .flatMap(({ at }) => (at === null ? [] : [at]))
    .sort()
    .at(-1) ?? null;
