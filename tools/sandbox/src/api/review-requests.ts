/**
 * Reviews are asked, answered and not stored. Behind the token everything is allowed, so the answers about that are always the
 * same; what a service account's token is worth is looked up.
 */
import { isJsonObject } from './json.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';

type ReviewAnswer = (body: unknown) => unknown;

const allowed = { allowed: true, reason: 'the sandbox cluster has no authorization' };
const user = { username: 'sandbox', groups: ['system:masters', 'system:authenticated'] };

const statusByPath: Readonly<Record<string, unknown>> = {
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': allowed,
  '/apis/authorization.k8s.io/v1/subjectaccessreviews': allowed,
  '/apis/authentication.k8s.io/v1/selfsubjectreviews': { userInfo: user },
};

/** Undefined when the path is no review's. */
export function reviewAnswer(path: string, tokens: ServiceAccountTokens): ReviewAnswer | undefined {
  if (path === '/apis/authentication.k8s.io/v1/tokenreviews') return (body) => tokens.review(body);
  const status = statusByPath[path];
  if (status === undefined) return undefined;
  return (body) => ({ ...(isJsonObject(body) ? body : {}), status });
}
