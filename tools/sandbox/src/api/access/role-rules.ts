/** Whether one rule of a role covers an action, by the wildcards that roles know. Pure. */
import { isOnPath, qualifiedResource } from './action.js';
import type { Action, ResourceAction } from './action.js';

export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

export function isCovered(rule: PolicyRule, action: Action): boolean {
  if (!includes(rule.verbs, action.verb)) return false;
  if (isOnPath(action)) return (rule.nonResourceURLs ?? []).some((url) => isPathCovered(url, action.path));
  return (
    includes(rule.apiGroups, action.group) && isResourceCovered(rule, action) && isNameCovered(rule, action)
  );
}

const includes = (list: readonly string[] | undefined, wanted: string): boolean =>
  list?.some((each) => each === '*' || each === wanted) ?? false;

function isResourceCovered({ resources }: PolicyRule, action: ResourceAction): boolean {
  if (includes(resources, qualifiedResource(action))) return true;
  return action.subresource !== undefined && (resources?.includes(`*/${action.subresource}`) ?? false);
}

/** A rule for names covers no list and no creation: those name nothing. */
function isNameCovered({ resourceNames = [] }: PolicyRule, { name }: ResourceAction): boolean {
  return resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name));
}

function isPathCovered(url: string, path: string): boolean {
  return url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)));
}
