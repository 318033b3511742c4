/** What strangers, and owners of the wrong key, get from the credential endpoint. */
import { createKeys, signProof } from '@ringfence/bus';
import { CredentialChallenge } from '@ringfence/contracts';
import type { HostedProcess } from '@ringfence/service-host';
import { freePort, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { challenges } from './adapters/credentials/challenges.js';
import { PAIRING_KEY, startGateway } from './testing/control-plane.js';
import type { Gateway } from './testing/control-plane.js';
import { CLUSTER } from './testing/facts.js';
import { startClas } from './testing/started-clas.js';

let nats: NatsServer;
let gateway: Gateway;
let clas: HostedProcess;
let directory: string;
let url: string;

beforeAll(async () => {
  nats = await startNats();
  gateway = await startGateway(nats.url);
  directory = await mkdtemp(join(tmpdir(), 'ringfence-clas-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  clas = await startClas({
    GATEWAY_URL: gateway.url,
    NATS_URL: nats.url,
    RINGFENCE_PORT: String(port),
    RINGFENCE_DATA_DIR: directory,
  });
});
afterAll(async () => {
  await clas.stop();
  await Promise.all([gateway.close(), nats.close()]);
  await rm(directory, { recursive: true, force: true });
});

interface Got {
  readonly status: number;
  readonly tokens: readonly string[];
}
async function post(path: string, body: string, type = 'application/json'): Promise<Got> {
  const response = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const json: unknown = await response.json();
  return {
    status: response.status,
    tokens: Array.isArray(json) ? json.map((each: { token: string }) => each.token) : [],
  };
}
async function challenge(): Promise<string> {
  const response = await fetch(`${url}/v1/challenge`, { method: 'POST' });
  return CredentialChallenge.parse(await response.json()).challenge;
}

const machine = { role: 'cven', pairingKey: PAIRING_KEY, machineId: 'machine-victim', version: '1' };
const signed = (seed: string, machineId: string, over: string): object => ({
  ...machine,
  ...signProof(seed, { cluster: CLUSTER, machineId, challenge: over }),
  machineId: machine.machineId,
  challenge: over,
});
const ask = (body: object): Promise<Got> => post('/v1/credentials', JSON.stringify(body));

describe('a stranger', () => {
  it('is answered in our form, whatever comes', async () => {
    expect(await post('/nothing', '{}')).toEqual({ status: 404, tokens: ['invalid_uri'] });
    expect(await post('/v1/credentials', '{')).toEqual({ status: 400, tokens: ['invalid_json'] });
    expect(await post('/v1/credentials', 'a=b', 'application/x-www-form-urlencoded')).toEqual({
      status: 415,
      tokens: ['unsupported_content_type'],
    });
    const large = JSON.stringify({ text: 'x'.repeat(20_000) });
    expect(await post('/v1/credentials', large)).toEqual({ status: 413, tokens: ['request_too_large'] });
    const nul = JSON.stringify({ role: 'kubelink', cluster: 'c\0', token: '\ud800' });
    expect((await post('/v1/credentials', nul)).status).toBe(400);
  });
});

describe('a node’s credential', () => {
  const victim = createKeys('user');
  const attacker = createKeys('user');

  it('is given to nobody by another key’s signature, for another machine, or over a challenge that is not ours', async () => {
    const ours = await challenge();
    expect((await ask(signed(victim.seed, machine.machineId, ours))).status).toBe(200);
    const forged = [
      { ...signed(attacker.seed, machine.machineId, ours), publicKey: victim.publicKey },
      signed(attacker.seed, 'machine-attacker', ours),
      { ...signed(attacker.seed, machine.machineId, ours), signature: '' },
    ];
    for (const body of forged)
      expect(await ask(body)).toEqual({ status: 401, tokens: ['node_proof_failed'] });
    for (const foreign of [
      challenges().issue(Date.now()),
      '',
      '.',
      `9999999999999.x.y`,
      ours.replace(/^./, '9'),
    ])
      expect(await ask(signed(attacker.seed, machine.machineId, foreign))).toEqual({
        status: 406,
        tokens: ['challenge_expired'],
      });
  });

  it('of a paired machine is given to no other key, with any pairing key', async () => {
    expect(await ask(signed(attacker.seed, machine.machineId, await challenge()))).toEqual({
      status: 406,
      tokens: ['machine_already_paired'],
    });
  });

  it('is refused by and by without asking anybody, to an address that keeps showing wrong keys', async () => {
    const wrong = async (): Promise<number> =>
      (await ask({ ...signed(attacker.seed, machine.machineId, await challenge()), pairingKey: 'wrong' }))
        .status;
    const statuses = [];
    for (let each = 0; each < 35; each += 1) statuses.push(await wrong());
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
  });
});

describe('a challenge', () => {
  it('holds for a minute', () => {
    const desk = challenges();
    const text = desk.issue(1_000_000);
    expect([desk.isOurs(text, 1_059_999), desk.isOurs(text, 1_060_000)]).toEqual([true, false]);
  });
});
