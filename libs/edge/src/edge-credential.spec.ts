/** When an agent asks for its credential, when it goes on with what it has, and when only a person can help. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CredentialRefused } from '@ringfence/bus';
import { StartRefused } from '@ringfence/service-host';
import { eventually } from '@ringfence/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EdgeCredential, KeptCredential } from './edge-credential.js';
import { StateFile } from './state-file.js';

let directory: string;
let file: StateFile<KeptCredential>;
const ending = new AbortController();
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rf-edge-'));
  file = new StateFile(directory, 'credential.json', KeptCredential);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const credential = (seed: string, livesMs = 60_000): KeptCredential => ({
  ...{ cluster: '11111111-1111-4111-8111-111111111111', name: 'n1', natsUrl: 'nats://10.0.0.1:4222' },
  ...{ jwt: 'jwt', seed, expiresAt: new Date(Date.now() + livesMs).toISOString() },
});
const asking = (...answers: readonly (KeptCredential | Error)[]) => {
  const left = [...answers];
  return new EdgeCredential({
    ask: () => {
      const next = left.shift() ?? new Error('nobody asks so often');
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    refusal: ({ message }) => `refused: ${message}`,
    file,
    signal: ending.signal,
  });
};

it('asks until there is one, and keeps it for whoever starts next', async () => {
  const first = asking(new Error('away'), credential('a'));
  expect(first.availability()).toBe('no credential yet');
  expect((await first.obtain()).seed).toBe('a');
  expect(first.availability()).toBe(true);
  expect((await asking().obtain()).seed).toBe('a');
  expect(statSync(join(directory, 'credential.json')).mode & 0o777).toBe(0o600);
});

it('asks first where it is told to, and goes on with the stored one while nobody answers', async () => {
  file.write(credential('old'));
  expect((await asking(credential('new')).obtainAnew()).seed).toBe('new');
  expect((await asking(new Error('away')).obtainAnew()).seed).toBe('new');
});

it('ends the start of whoever is refused', async () => {
  const refused = new CredentialRefused('no such key');
  await expect(asking(refused).obtain()).rejects.toThrow(StartRefused);
  await expect(asking(refused).obtainAnew()).rejects.toThrow('refused: no such key');
});

it('takes neither one that has expired nor half of one', async () => {
  file.write(credential('old', -1));
  expect((await asking(credential('new')).obtain()).seed).toBe('new');
  writeFileSync(join(directory, 'credential.json'), '{"seed":"tor');
  expect((await asking(credential('newer')).obtain()).seed).toBe('newer');
});

it('knows from one that has expired who we are, and is not ended by a refusal then', async () => {
  expect(asking().lastKnown).toBeUndefined();
  file.write(credential('old', -1));
  const own = asking(new CredentialRefused('no such key'), credential('new'));
  expect(own.lastKnown).toMatchObject({ name: 'n1', seed: 'old' });
  const obtained = own.obtain();
  await eventually(() => own.availability() === 'no credential yet: refused: no such key');
  expect((await obtained).seed).toBe('new');
  expect(own.lastKnown?.seed).toBe('new');
});

it('asks soon whether the stored one is still right, and says when we are somebody else now', async () => {
  file.write(credential('old'));
  const same = asking(credential('new'));
  const moved = asking({ ...credential('new'), cluster: '22222222-2222-4222-8222-222222222222' });
  let moves = 0;
  for (const own of [same, moved]) {
    await own.obtain();
    own.keepFresh({ onMoved: () => (moves += 1) });
  }
  await eventually(() => [same, moved].every((own) => own.current().seed === 'new'));
  expect(moves).toBe(1);
});

it('says that the server does not take it any more', async () => {
  const own = asking(credential('a'));
  await own.obtain();
  own.refused();
  expect(own.availability()).toBe('the credential is not taken any more');
});
