/**
 * Reviews are asked, answered and not stored: who am I, what is this token worth, may this user do that. The answers about
 * rights are those that a request would meet.
 */
import { isJsonObject, valueAt } from '../json.js';
import type { ServiceAccountTokens } from '../service-account-tokens.js';
import { badRequest, invalid } from '../status-error.js';
import type { Action } from './action.js';
import type { Authorizer } from './authorizer.js';
import type { User } from './user.js';

export interface Review {
  readonly user: User;
  /** Of a review that is made in a namespace. */
  readonly namespace: string | undefined;
  readonly body: unknown;
}

type Answer = (review: Review) => unknown;

const authorization = '/apis/authorization.k8s.io/v1';
const authentication = '/apis/authentication.k8s.io/v1';

export class Reviews {
  private readonly answers: Readonly<Record<string, Answer>> = {
    [`${authentication}/tokenreviews`]: ({ body }) => this.tokens.review(body),
    [`${authentication}/selfsubjectreviews`]: ({ user, body }) =>
      answered(body, { userInfo: userInfo(user) }),
    [`${authorization}/selfsubjectaccessreviews`]: ({ user, body }) => this.access(user, body),
    [`${authorization}/subjectaccessreviews`]: ({ body }) => this.access(userIn(body), body),
    [`${authorization}/localsubjectaccessreviews`]: (review) => this.localAccess(review),
    [`${authorization}/selfsubjectrulesreviews`]: ({ user, body }) => this.rules(user, body),
  };

  constructor(
    private readonly tokens: ServiceAccountTokens,
    private readonly authorizer: Authorizer,
  ) {}

  /** Undefined when the path is no review's. */
  answerFor(path: string): ((user: User, body: unknown) => unknown) | undefined {
    const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
    const answer = this.answers[path.replace(/\/namespaces\/[^/]+/, '')];
    return answer && ((user, body) => answer({ user, namespace, body }));
  }

  private access(user: User, body: unknown): unknown {
    const { isAllowed, reason } = this.authorizer.decide(user, actionIn(body));
    return answered(body, { allowed: isAllowed, ...(reason === '' ? {} : { reason }) });
  }

  private localAccess({ namespace, body }: Review): unknown {
    const asked = valueAt(body, 'spec.resourceAttributes.namespace');
    if (asked !== namespace)
      throw badRequest(
        `spec.resourceAttributes.namespace must match namespace: "${String(asked ?? '')}" is not "${namespace ?? ''}"`,
      );
    return this.access(userIn(body), body);
  }

  private rules(user: User, body: unknown): unknown {
    const namespace = valueAt(body, 'spec.namespace');
    if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request');
    const rules = this.authorizer.rulesFor(user, namespace);
    const resourceRules = rules
      .filter(({ resources = [] }) => resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        resourceNames,
      }));
    const nonResourceRules = rules
      .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
    return answered(body, { resourceRules, nonResourceRules, incomplete: false });
  }
}

const answered = (body: unknown, status: object): unknown => ({
  ...(isJsonObject(body) ? body : {}),
  status,
});

const userInfo = ({ name, ...rest }: User): object => ({ username: name, ...rest });

function userIn(body: unknown): User {
  const { user, groups, uid, extra } = specOf(body);
  const named = Array.isArray(groups) ? groups.map(String) : [];
  if (named.length === 0 && (typeof user !== 'string' || user === ''))
    throw refused(body, 'spec.user', 'at least one of user or group must be specified');
  return {
    name: String(user ?? ''),
    groups: named,
    ...(typeof uid === 'string' && { uid }),
    ...(isJsonObject(extra) && { extra: extra as Record<string, string[]> }),
  };
}

function actionIn(body: unknown): Action {
  const { resourceAttributes: onResource, nonResourceAttributes: onPath } = specOf(body);
  if (isJsonObject(onResource) === isJsonObject(onPath))
    throw refused(
      body,
      'spec.resourceAttributes',
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  if (isJsonObject(onPath)) return { verb: text(onPath['verb']), path: text(onPath['path']) };
  const asked = onResource as Record<string, unknown>;
  return {
    verb: text(asked['verb']),
    group: text(asked['group']),
    resource: text(asked['resource']),
    subresource: text(asked['subresource']) || undefined,
    namespace: text(asked['namespace']) || undefined,
    name: text(asked['name']) || undefined,
  };
}

function specOf(body: unknown): Record<string, unknown> {
  const spec = valueAt(body, 'spec');
  return isJsonObject(spec) ? spec : {};
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function refused(body: unknown, field: string, message: string): Error {
  const kind = text(valueAt(body, 'kind'));
  const resource = { group: 'authorization.k8s.io', plural: `${kind.toLowerCase()}s`, kind };
  return invalid(resource, '', [{ reason: 'FieldValueInvalid', field, message }]);
}
