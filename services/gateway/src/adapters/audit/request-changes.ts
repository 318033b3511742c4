/** The objects that an answered request changed, as the audit trail lists them. */
import { changeBetween, nameOf } from '@ringfence/resources';
import type { AuditEvent, ObjectChange } from '@ringfence/contracts';
import type { ErrorItem } from '../../domain/refusal.js';
import type { RequestWords } from '../../domain/request-words.js';

export interface Answered {
  /** Below `/api/v2`. */
  readonly path: string;
  readonly op: string;
  readonly body: unknown;
  readonly answer: unknown;
  /** Where who did it has looked at the object before and after. */
  readonly change?: ObjectChange | undefined;
  /** Likewise, of a bulk call. */
  readonly changes?: readonly ObjectChange[] | undefined;
}

type ResourceChange = Omit<AuditEvent['resource_changes'][number], 'uuid'>;

export function resourceChanges(words: RequestWords, answered: Answered): ResourceChange[] {
  return changesOf(words, answered).map(({ resource, changes }) => ({
    resource: { [words.type]: resource },
    change_type: words.changeType,
    changes,
  }));
}

function changesOf({ changeType }: RequestWords, answered: Answered): readonly ObjectChange[] {
  const { path, op, body, answer, change, changes } = answered;
  const told = changes ?? (change && [change]);
  if (told !== undefined) return told;
  if (op.startsWith('bulk_') && Array.isArray(body)) return bulkChanges(op, body, answer);
  if (changeType === 'create') return [changeBetween(null, answer)];
  const named = hrefsIn(body);
  return (named.length > 0 ? named : [hrefOfPath(path)]).map((href) => ({ resource: { href }, changes: {} }));
}

/** Of those items alone that were not refused. */
function bulkChanges(op: string, items: readonly unknown[], answer: unknown): ObjectChange[] {
  const results = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (op === 'bulk_delete') {
    const refused = new Set(results.map((each) => shown(each)['href']));
    const gone = items.map((each) => shown(each)).filter(({ href }) => !refused.has(href));
    return gone.map((item) => ({ resource: nameOf(item), changes: {} }));
  }
  return items.flatMap((item, index) => {
    const result = shown(results[index]);
    if (result['status'] !== 'created' && result['status'] !== 'updated') return [];
    const { resource, changes } = changeBetween(null, item);
    return [{ resource: { ...resource, href: result['href'] }, changes }];
  });
}

/** Items of a bulk call, each refused for itself. */
export function refusedItems(answer: unknown): ErrorItem[] {
  if (!Array.isArray(answer)) return [];
  return answer.flatMap((each) => {
    const { token, message, errors } = shown(each);
    if (Array.isArray(errors)) return errors as ErrorItem[];
    return token === undefined ? [] : [{ token: String(token), message: String(message) }];
  });
}

/** `{vens: [{href}, …]}` and the like. */
function hrefsIn(body: unknown): string[] {
  const lists = Object.values(shown(body)).filter((value) => Array.isArray(value));
  return lists.flat().flatMap((each) => {
    const { href } = shown(each);
    return typeof href === 'string' ? [href] : [];
  });
}

/** `/orgs/1/pairing_profiles/3/pairing_key` is done to `/orgs/1/pairing_profiles/3`. */
const hrefOfPath = (path: string): string => path.replace(/\/[a-z_]+$/, '');

const shown = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
