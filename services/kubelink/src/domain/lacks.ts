/** What Kubelink lacks to be in sync, and what it does without, in words. What a server said itself is a detail: it may name addresses and accounts. */
import type { KubelinkLack } from '@ringfence/contracts';

export interface KindStanding {
  readonly plural: string;
  readonly isListed: boolean;
  /** What stands in the way, and since when. */
  readonly problem: string | null;
  readonly failingSince: Date | null;
  readonly refusal: { readonly why: 'forbidden' | 'absent'; readonly words: string } | null;
}
export interface ClusterStanding {
  readonly kinds: readonly KindStanding[];
  readonly absence: { readonly since: string; readonly words: string } | null;
  readonly areListsTold: boolean;
  readonly now: Date;
  /** A kind that is followed again within this time was not in trouble. */
  readonly troubledAfterMs: number;
}

export function lacksOf({ kinds, absence, ...standing }: ClusterStanding): KubelinkLack[] {
  const lacks = kinds.flatMap((kind) => lackOf(kind, absence !== null, standing));
  if (absence !== null)
    lacks.unshift({
      token: 'api_server_away',
      message: `the API server has not answered since ${absence.since}`,
      detail: absence.words,
    });
  if (!standing.areListsTold)
    lacks.push({ token: 'not_told', message: 'what was listed is not told yet', detail: '' });
  return lacks;
}

function lackOf(
  { plural, isListed, problem, failingSince, refusal }: KindStanding,
  isAway: boolean,
  { now, troubledAfterMs }: Pick<ClusterStanding, 'now' | 'troubledAfterMs'>,
): KubelinkLack[] {
  if (refusal !== null) {
    const message = `${plural} ${refusal.why === 'absent' ? 'are not there' : 'may not be read'}`;
    return [{ token: 'not_permitted', message, detail: refusal.words }];
  }
  if (!isListed) {
    const detail = problem === 'not listed yet' ? '' : (problem ?? '');
    return [{ token: 'not_listed', message: `${plural} not listed yet`, detail }];
  }
  if (isAway || failingSince === null || now.getTime() - failingSince.getTime() < troubledAfterMs) return [];
  const message = `${plural} cannot be followed since ${failingSince.toISOString()}`;
  return [{ token: 'not_followed', message, detail: problem ?? '' }];
}

/** The rest works without them. */
export const keepsOutOfSync = ({ token }: KubelinkLack): boolean => token !== 'not_permitted';

/** For whoever may read everything. */
export const inFull = ({ message, detail }: KubelinkLack): string =>
  detail === '' ? message : `${message} (${detail})`;
