/** Agents that show the tokens of their service account, against a real API server that issues and reviews them. */
import { createKeys, signProof } from '@ringfence/bus';
import { AGENT_AUDIENCE, CredentialChallenge } from '@ringfence/contracts';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import { startApiServer, type ApiServer } from '@ringfence/sandbox';
import { apiClient, fromKubeconfig } from '@ringfence/kubernetes';
import type { HostedProcess } from '@ringfence/service-host';
import { freePort, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PAIRING_KEY, startGateway } from './testing/control-plane.js';
import type { Gateway } from './testing/control-plane.js';
import { CLUSTER } from './testing/facts.js';
import { startClas } from './testing/started-clas.js';

const NAMESPACE = 'ringfence-system';
const ACCOUNT = 'ringfence-cven';

let nats: NatsServer;
let gateway: Gateway;
let api: ApiServer;
let clas: HostedProcess;
let directory: string;
let url: string;

beforeEach(async () => {
  nats = await startNats();
  gateway = await startGateway(nats.url);
  directory = await mkdtemp(join(tmpdir(), 'ringfence-clas-'));
});
afterEach(async () => {
  await clas.stop();
  await Promise.all([gateway.close(), nats.close(), api.close()]);
  await rm(directory, { recursive: true, force: true });
});

async function open(
  options: { tokensNameNodes?: boolean; accounts?: readonly string[] } = {},
): Promise<void> {
  const { tokensNameNodes = true, accounts = [ACCOUNT, 'other'] } = options;
  api = await startApiServer({ tokensNameNodes });
  const { cluster } = api;
  await cluster.resource('namespaces').create({ metadata: { name: NAMESPACE } });
  for (const name of accounts)
    await cluster.resource('serviceaccounts').create({ metadata: { name, namespace: NAMESPACE } });
  for (const name of ['a', 'b'].map(nodeOf)) {
    await cluster.resource('nodes').create({ metadata: { name }, spec: {} });
    await podOf(`agent-${name}`, name);
  }
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, api.kubeconfig);
  await start({ KUBECONFIG: kubeconfig });
}

async function start(env: Record<string, string>): Promise<void> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  clas = await startClas({
    GATEWAY_URL: gateway.url,
    NATS_URL: nats.url,
    RINGFENCE_PORT: String(port),
    RINGFENCE_DATA_DIR: directory,
    ...env,
  });
}

/** The gateway of these tests remembers keys for all of them. */
let lives = 0;
beforeEach(() => void (lives += 1));
const nodeOf = (letter: string): string => `${letter}-${lives}`;

async function podOf(name: string, nodeName: string, serviceAccountName = ACCOUNT): Promise<void> {
  await api.cluster.resource('pods').create({
    metadata: { name, namespace: NAMESPACE },
    spec: { nodeName, serviceAccountName, containers: [{ name: 'main', image: 'agent:1' }] },
  });
}

async function tokenOf(
  binding: { kind: string; name: string },
  { account = ACCOUNT, audience = AGENT_AUDIENCE } = {},
): Promise<string> {
  const client = apiClient(fromKubeconfig(api.kubeconfig, 'kubeconfig'));
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${account}/token`;
  const answer = await client.post<{ status: { token: string } }>(path, {
    spec: { audiences: [audience], boundObjectRef: binding },
  });
  await client.close();
  return answer.status.token;
}
const ofPod = (node: string) => ({ kind: 'Pod', name: `agent-${node}` });

async function ask(
  node: string,
  serviceAccountToken?: string,
  seed = createKeys('user').seed,
): Promise<[number, string]> {
  const challenged = await fetch(`${url}/v1/challenge`, { method: 'POST' });
  const { challenge } = CredentialChallenge.parse(await challenged.json());
  const machineId = `machine-${node}`;
  const proof = signProof(seed, { cluster: CLUSTER, machineId, challenge });
  const machine = { role: 'cven', pairingKey: PAIRING_KEY, machineId, version: '1', serviceAccountToken };
  const response = await fetch(`${url}/v1/credentials`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...machine, ...proof, challenge }),
  });
  const body = (await response.json()) as { name?: string } | { token: string }[];
  return [response.status, Array.isArray(body) ? (body[0]?.token ?? '') : (body.name ?? '')];
}

describe('where agents run as Pods', () => {
  it('pairs by a right pairing key only whom Kubernetes vouches for on that very node', async () => {
    await open();
    const [a, b] = [nodeOf('a'), nodeOf('b')];
    await podOf('other', a, 'other');
    const invalid = [
      'x',
      await tokenOf(ofPod(a), { audience: 'https://another.example' }),
      await tokenOf({ kind: 'Pod', name: 'other' }, { account: 'other' }),
    ];
    for (const token of invalid) expect(await ask(a, token)).toEqual([401, 'agent_token_invalid']);
    expect(await ask(a)).toEqual([401, 'agent_token_required']);
    for (const binding of [ofPod(b), { kind: 'Node', name: b }])
      expect(await ask(a, await tokenOf(binding))).toEqual([406, 'agent_token_of_other_node']);
    // None of them has taken the node's place: it is paired with the key that comes now.
    expect(await ask(a, await tokenOf(ofPod(a)))).toEqual([200, a]);
    expect(await ask(b, await tokenOf({ kind: 'Node', name: b }))).toEqual([200, b]);
  });

  it('takes no token that outlived its Pod', async () => {
    await open();
    const a = nodeOf('a');
    const token = await tokenOf(ofPod(a));
    api.cluster.remove(api.cluster.catalog.named('pods'), NAMESPACE, `agent-${a}`, { gracePeriodSeconds: 0 });
    await podOf(`agent-${a}`, a);
    expect(await ask(a, token)).toEqual([401, 'agent_token_invalid']);
  });

  it('finds the node by the Pod where Kubernetes does not name it in the token', async () => {
    await open({ tokensNameNodes: false });
    const [a, b] = [nodeOf('a'), nodeOf('b')];
    expect(await ask(a, await tokenOf(ofPod(b)))).toEqual([406, 'agent_token_of_other_node']);
    expect(await ask(a, await tokenOf(ofPod(a)))).toEqual([200, a]);
  });

  it('renews by the key that it knows while the API server is away, and pairs nobody', async () => {
    await open();
    const { seed } = createKeys('user');
    const [a, b] = [nodeOf('a'), nodeOf('b')];
    const [ofA, ofB] = [await tokenOf(ofPod(a)), await tokenOf(ofPod(b))];
    expect(await ask(a, ofA, seed)).toEqual([200, a]);
    await api.close();
    expect(await ask(a, ofA, seed)).toEqual([200, a]);
    expect(await ask(a, ofA)).toEqual([503, 'kubernetes-away']);
    expect(await ask(b, ofB)).toEqual([503, 'kubernetes-away']);
  });

  it('renews nobody who shows a key of one node and a token of another, also while the control plane is away', async () => {
    await open();
    const { seed } = createKeys('user');
    const [a, b] = [nodeOf('a'), nodeOf('b')];
    expect(await ask(a, await tokenOf(ofPod(a)), seed)).toEqual([200, a]);
    await gateway.close();
    expect(await ask(a, await tokenOf(ofPod(a)), seed)).toEqual([200, a]);
    expect(await ask(a, await tokenOf(ofPod(b)), seed)).toEqual([503, 'control-plane-away']);
    gateway = await startGateway(nats.url);
  });
});

describe('where agents run as no Pods', () => {
  it('asks for no token, until their service account was there once', async () => {
    await open({ accounts: [] });
    const [a, b] = [nodeOf('a'), nodeOf('b')];
    expect(await ask(a)).toEqual([200, a]);
    const accounts = api.cluster.resource('serviceaccounts');
    await accounts.create({ metadata: { name: ACCOUNT, namespace: NAMESPACE } });
    expect(await ask(b)).toEqual([401, 'agent_token_required']);
    api.cluster.remove(api.cluster.catalog.named('serviceaccounts'), NAMESPACE, ACCOUNT, {});
    expect(await ask(b)).toEqual([401, 'agent_token_required']);
  });

  it('asks for one after a restart too, when the account is gone by then, or the way to the API server', async () => {
    await open();
    const [a, b] = [nodeOf('a'), nodeOf('b')];
    const { seed } = createKeys('user');
    expect(await ask(a, await tokenOf(ofPod(a)), seed)).toEqual([200, a]);
    api.cluster.remove(api.cluster.catalog.named('serviceaccounts'), NAMESPACE, ACCOUNT, {});
    await clas.stop();
    await start({ KUBECONFIG: join(directory, 'kubeconfig') });
    expect(await ask(b)).toEqual([401, 'agent_token_required']);
    await clas.stop();
    await start({ KUBECONFIG: '' });
    expect(await ask(b)).toEqual([503, 'kubernetes-away']);
    expect(await ask(a, undefined, seed)).toEqual([200, a]);
  });
});
