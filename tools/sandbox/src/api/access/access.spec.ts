import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startControllers } from '../../controllers/start-controllers.js';
import type { Controllers } from '../../controllers/start-controllers.js';
import type { Status } from '../status-error.js';
import { eventually } from '../testing/api-client.js';
import type { Answer, ApiClient } from '../testing/api-client.js';
import { serveApi } from '../testing/served-api.js';
import type { ServedApi } from '../testing/served-api.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const REVIEWS = '/apis/authorization.k8s.io/v1';
const inShop = (plural: string): string => `/api/v1/namespaces/shop/${plural}`;
const account = 'system:serviceaccount:shop:robot';

interface Reviewed {
  status: { allowed: boolean; reason?: string };
}
interface Rules {
  status: { resourceRules: object[]; nonResourceRules: object[]; incomplete: boolean };
}

let served: ServedApi;
let api: ApiClient;
let controllers: Controllers;

beforeEach(async () => {
  served = await serveApi();
  ({ api } = served);
  controllers = await startControllers({ cluster: served.server.cluster });
  await api.post('/api/v1/namespaces', { metadata: { name: 'shop' } });
  await api.post(inShop('serviceaccounts'), { metadata: { name: 'robot' } });
});
afterEach(async () => {
  await controllers.close();
  await served.close();
});

async function allow(
  rules: object[],
  where: 'shop' | 'cluster' = 'shop',
  subjects?: object[],
): Promise<void> {
  const [role, folder] =
    where === 'shop' ? ['Role', `${RBAC}/namespaces/shop/`] : ['ClusterRole', `${RBAC}/cluster`];
  await api.post(`${folder}roles`, { metadata: { name: 'part' }, rules });
  await api.post(`${folder}rolebindings`, {
    metadata: { name: 'part' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role, name: 'part' },
    subjects: subjects ?? [{ kind: 'ServiceAccount', name: 'robot', namespace: 'shop' }],
  });
}

const as = <Body = Status>(
  user: string,
  method: string,
  path: string,
  groups: string[] = [],
): Promise<Answer<Body>> =>
  api.send<Body>(method, path, {
    headers: { 'impersonate-user': user, ...(groups.length > 0 && { 'impersonate-group': groups }) },
  });
const can = async (user: string, resourceAttributes: object, groups: string[] = []): Promise<boolean> => {
  const spec = { user, groups, resourceAttributes };
  return (await api.post<Reviewed>(`${REVIEWS}/subjectaccessreviews`, { spec })).body.status.allowed;
};

describe('rights', () => {
  it('are what a role says to whom it is bound, in its namespace, and nothing else', async () => {
    expect((await as(account, 'GET', inShop('pods'))).code).toBe(403);
    await allow([{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }]);
    expect((await as(account, 'GET', inShop('pods'))).code).toBe(200);
    expect((await as(account, 'GET', `${inShop('pods')}?watch=true`)).code).toBe(403);
    expect((await as(account, 'DELETE', inShop('pods'))).code).toBe(403);
    expect((await as(account, 'GET', inShop('pods/p/log'))).code).toBe(403);
    expect((await as(account, 'GET', inShop('secrets'))).code).toBe(403);
    expect((await as(account, 'GET', '/api/v1/namespaces/default/pods')).code).toBe(403);
    expect((await as(account, 'GET', '/api/v1/pods')).code).toBe(403);
    expect((await as('system:serviceaccount:shop:other', 'GET', inShop('pods'))).code).toBe(403);
  });

  it('are refused in the words of an API server', async () => {
    const named = await as(account, 'GET', '/apis/apps/v1/namespaces/shop/deployments/web');
    expect(named.body).toMatchObject({
      kind: 'Status',
      code: 403,
      reason: 'Forbidden',
      message: `deployments.apps "web" is forbidden: User "${account}" cannot get resource "deployments" in API group "apps" in the namespace "shop"`,
      details: { name: 'web', group: 'apps', kind: 'deployments' },
    });
    expect((await as(account, 'GET', '/api/v1/nodes')).body.message).toBe(
      `nodes is forbidden: User "${account}" cannot list resource "nodes" in API group "" at the cluster scope`,
    );
    expect((await as(account, 'GET', '/metrics')).body.message).toBe(
      `forbidden: User "${account}" cannot get path "/metrics"`,
    );
  });

  it('name subresources, single objects and paths', async () => {
    await allow(
      [
        { apiGroups: [''], resources: ['pods/log', '*/scale'], verbs: ['get'] },
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: ['mine'],
          verbs: ['get', 'list', 'create'],
        },
        { nonResourceURLs: ['/metrics', '/debug/*'], verbs: ['get'] },
      ],
      'cluster',
    );
    const on = (rest: object): Promise<boolean> =>
      can(account, { group: '', verb: 'get', namespace: 'shop', ...rest });
    expect(await on({ resource: 'pods', subresource: 'log' })).toBe(true);
    expect(await on({ resource: 'pods' })).toBe(false);
    expect(await on({ resource: 'replicationcontrollers', subresource: 'scale' })).toBe(true);
    expect(await on({ resource: 'configmaps', name: 'mine' })).toBe(true);
    expect(await on({ resource: 'configmaps', name: 'yours' })).toBe(false);
    expect(await on({ resource: 'configmaps', verb: 'create' })).toBe(false);
    const mine = `${inShop('configmaps')}?fieldSelector=metadata.name%3Dmine`;
    expect((await as(account, 'GET', mine)).code).toBe(200);
    expect((await as(account, 'GET', inShop('configmaps'))).code).toBe(403);
    expect((await as(account, 'POST', mine)).code).toBe(403);
    expect((await as(account, 'GET', inShop('configmaps/%zz'))).code).toBe(400);
    expect((await as(account, 'GET', '/metrics')).code).toBe(200);
  });

  it('are given to users and groups, also to those that everybody is in', async () => {
    const groups = ['system:serviceaccounts:shop', 'crew'].map((name) => ({ kind: 'Group', name }));
    const rule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
    await allow([rule], 'cluster', [...groups, { kind: 'User', name: 'ann' }]);
    const anything = { verb: 'delete', group: 'apps', resource: 'deployments' };
    expect(await can(account, anything, ['system:serviceaccounts:shop'])).toBe(true);
    expect((await as(account, 'GET', '/api/v1/nodes')).code).toBe(200);
    expect((await as('bob', 'GET', '/api/v1/nodes', ['crew', 'club'])).code).toBe(200);
    expect((await as('ann', 'GET', '/api/v1/nodes')).code).toBe(200);
    expect((await as('bob', 'GET', '/api/v1/nodes')).code).toBe(403);
    expect((await as('bob', 'GET', '/apis')).code).toBe(200);
    expect((await as('bob', 'GET', '/metrics', ['system:masters'])).code).toBe(200);
  });

  it('hold from the moment that they are given until they are taken', async () => {
    await allow([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    expect((await as(account, 'GET', inShop('pods'))).code).toBe(200);
    await api.delete(`${RBAC}/namespaces/shop/roles/part`);
    expect((await as(account, 'GET', inShop('pods'))).body.message).toContain(
      'in the namespace "shop": RBAC: role.rbac.authorization.k8s.io "part" not found',
    );
    await api.delete(`${RBAC}/namespaces/shop/rolebindings/part`);
    expect((await as(account, 'GET', inShop('pods'))).body.message).not.toContain('not found');
  });

  it('on a new kind belong to view, edit and admin by a label', async () => {
    const bind = {
      roleRef: { kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'User', name: 'ann' }],
    };
    await api.post(`${RBAC}/namespaces/shop/rolebindings`, { metadata: { name: 'ann' }, ...bind });
    const widgets = { namespace: 'shop', verb: 'list', group: 'example.com', resource: 'widgets' };
    expect(await can('ann', widgets)).toBe(false);
    await api.post(`${RBAC}/clusterroles`, {
      metadata: { name: 'widgets', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [{ apiGroups: ['example.com'], resources: ['widgets'], verbs: ['list'] }],
    });
    const admin = (): object[] | undefined =>
      served.server.cluster.resource('clusterroles.rbac.authorization.k8s.io').find(undefined, 'admin')
        ?.rules;
    await eventually(() => JSON.stringify(admin()).includes('widgets'), 'admin has what view has');
    expect(await can('ann', widgets)).toBe(true);
    expect(await can('ann', { ...widgets, namespace: 'default' })).toBe(false);
    expect(
      await can('ann', { namespace: 'shop', verb: 'create', group: 'apps', resource: 'deployments' }),
    ).toBe(true);
  });
});

describe('reviews', () => {
  it('say why, and what all the rules are', async () => {
    await allow([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    const spec = { resourceAttributes: { namespace: 'shop', verb: 'list', resource: 'pods' } };
    const local = `${REVIEWS}/namespaces/shop/localsubjectaccessreviews`;
    expect((await api.post<Reviewed>(local, { spec: { ...spec, user: account } })).body.status).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "part/shop" of Role "part" to ServiceAccount "robot/shop"',
    });
    const elsewhere = {
      user: account,
      resourceAttributes: { ...spec.resourceAttributes, namespace: 'default' },
    };
    expect((await api.post<Reviewed>(local, { spec: elsewhere })).code).toBe(400);
    const { body } = await api.send<Rules>('POST', `${REVIEWS}/selfsubjectrulesreviews`, {
      body: { spec: { namespace: 'shop' } },
      headers: { 'impersonate-user': account },
    });
    expect(body.status.resourceRules).toContainEqual({
      apiGroups: [''],
      resources: ['pods'],
      verbs: ['list'],
    });
    expect(body.status).toMatchObject({ incomplete: false, nonResourceRules: expect.any(Array) as [] });
  });

  it('are refused when they ask nothing, or nobody in particular', async () => {
    const refused = async (spec: object): Promise<number> =>
      (await api.post<Status>(`${REVIEWS}/subjectaccessreviews`, { spec })).code;
    expect(await refused({ user: 'ann' })).toBe(422);
    expect(await refused({ resourceAttributes: { verb: 'get', resource: 'pods' } })).toBe(422);
  });
});

describe('the token of a service account', () => {
  const tokenOf = async (name: string): Promise<string> => {
    const path = inShop(`serviceaccounts/${name}/token`);
    return (await api.post<{ status: { token: string } }>(path, { spec: {} })).body.status.token;
  };

  it('lets in with the rights of the account, until the account is gone', async () => {
    await allow([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    const token = await tokenOf('robot');
    expect((await api.send('GET', inShop('pods'), { token })).code).toBe(200);
    expect((await api.send('GET', inShop('secrets'), { token })).code).toBe(403);
    const who = await api.send<{ status: { userInfo: object } }>(
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { token, body: {} },
    );
    expect(who.body.status.userInfo).toMatchObject({ username: account });
    await api.delete(inShop('serviceaccounts/robot'));
    expect((await api.send('GET', inShop('pods'), { token })).code).toBe(401);
  });

  it('acts as another only if it may', async () => {
    const token = await tokenOf('robot');
    const headers = { 'impersonate-user': 'ann' };
    const path = inShop('pods');
    expect((await api.send<Status>('GET', path, { token, headers })).body.message).toBe(
      `users "ann" is forbidden: User "${account}" cannot impersonate resource "users" in API group "" at the cluster scope`,
    );
    await allow([{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }], 'cluster');
    expect((await api.send<Status>('GET', path, { token, headers })).body.message).toContain('User "ann"');
    const more = { ...headers, 'impersonate-group': 'system:masters' };
    expect((await api.send<Status>('GET', path, { token, headers: more })).body.message).toContain(
      'cannot impersonate resource "groups"',
    );
  });
});
