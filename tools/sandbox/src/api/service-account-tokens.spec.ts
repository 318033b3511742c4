import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApiServer } from './server.js';
import type { ApiServer } from './server.js';
import type { Status } from './status-error.js';
import { ApiClient } from './testing/api-client.js';

interface Issued {
  status: { token: string; expirationTimestamp: string };
}
interface Reviewed {
  status: {
    authenticated?: boolean;
    error?: string;
    audiences?: string[];
    user: { username?: string; extra?: Record<string, string[]> };
  };
}

const ACCOUNTS = '/api/v1/namespaces/agents/serviceaccounts';
const PODS = '/api/v1/namespaces/agents/pods';
const TOKENS = `${ACCOUNTS}/agent/token`;
const key = (name: string): string => `authentication.kubernetes.io/${name}`;

let server: ApiServer;
let api: ApiClient;
let now: Date;

beforeEach(async () => {
  now = new Date('2026-01-01T00:00:00Z');
  await open(true);
});
afterEach(close);

async function open(tokensNameNodes: boolean): Promise<void> {
  server = await startApiServer({ now: () => now, tokensNameNodes });
  api = new ApiClient(server);
  await api.post('/api/v1/namespaces', { metadata: { name: 'agents' } });
  await api.post('/api/v1/nodes', { metadata: { name: 'n1' } });
  await api.post(ACCOUNTS, { metadata: { name: 'agent' } });
  const spec = { serviceAccountName: 'agent', nodeName: 'n1', containers: [{ name: 'main', image: 'a:1' }] };
  await api.post(PODS, { metadata: { name: 'agent-1' }, spec });
}
async function close(): Promise<void> {
  api.close();
  await server.close();
}

const issue = async (spec: object): Promise<string> =>
  (await api.post<Issued>(TOKENS, { spec: { audiences: ['ours'], ...spec } })).body.status.token;
const review = async (token: string, audiences = ['ours']): Promise<Reviewed['status']> => {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  return (await api.post<Reviewed>(path, { spec: { token, audiences } })).body.status;
};
const forPod = { boundObjectRef: { kind: 'Pod', name: 'agent-1' } };

describe('a token of a service account', () => {
  it('names the account, the Pod and its node, to the audience that it is for', async () => {
    const status = await review(await issue(forPod), ['others', 'ours']);
    expect(status).toMatchObject({
      authenticated: true,
      audiences: ['ours'],
      user: {
        username: 'system:serviceaccount:agents:agent',
        extra: { [key('pod-name')]: ['agent-1'], [key('node-name')]: ['n1'] },
      },
    });
    expect(await review(await issue({ boundObjectRef: { kind: 'Node', name: 'n1' } }))).toMatchObject({
      authenticated: true,
      user: { extra: { [key('node-name')]: ['n1'] } },
    });
  });

  it('is nothing to another audience, when it was altered, or after its end', async () => {
    const token = await issue({ ...forPod, expirationSeconds: 600 });
    expect(await review(token, [])).toMatchObject({ user: {}, error: expect.stringContaining('audiences') });
    const [head = '', body = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as { exp: number };
    const longer = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString('base64url');
    for (const forged of [`${head}.${longer}.${signature}`, `${head}.${body}.`, 'x', `${token}.x`])
      expect((await review(forged)).error).toBe('invalid bearer token');
    now = new Date(now.getTime() + 600_000);
    expect((await review(token)).error).toContain('expired');
  });

  it('goes with what it is bound to', async () => {
    const [ofPod, ofNode, ofAccount] = await Promise.all([
      issue(forPod),
      issue({ boundObjectRef: { kind: 'Node', name: 'n1' } }),
      issue({}),
    ]);
    await api.delete(`${PODS}/agent-1`, { gracePeriodSeconds: 0 });
    expect((await review(ofPod)).error).toContain('pod token');
    await api.delete('/api/v1/nodes/n1');
    expect((await review(ofNode)).error).toContain('node token');
    expect((await review(ofAccount)).authenticated).toBe(true);
    await api.delete(`${ACCOUNTS}/agent`);
    await api.post(ACCOUNTS, { metadata: { name: 'agent' } });
    expect((await review(ofAccount)).error).toContain('account token');
  });

  it('is not issued for another account’s Pod, for what is not there, or for less than ten minutes', async () => {
    await api.post(ACCOUNTS, { metadata: { name: 'other' } });
    const refusal = async (account: string, spec: object): Promise<number> =>
      (await api.post<Status>(`${ACCOUNTS}/${account}/token`, { spec })).code;
    expect(await refusal('other', forPod)).toBe(400);
    expect(await refusal('agent', { boundObjectRef: { kind: 'Pod', name: 'gone' } })).toBe(404);
    expect(await refusal('agent', { boundObjectRef: { kind: 'Pod', name: 'agent-1', uid: 'x' } })).toBe(409);
    expect(await refusal('agent', { expirationSeconds: 599 })).toBe(422);
    expect(await refusal('nobody', {})).toBe(404);
  });

  it('does not name the node on a server from before that was usual', async () => {
    await close();
    await open(false);
    const { user } = await review(await issue(forPod));
    expect(user.extra).toMatchObject({ [key('pod-name')]: ['agent-1'] });
    expect(user.extra).not.toHaveProperty(key('node-name'));
  });
});
