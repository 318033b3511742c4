import { expect, it } from 'vitest';
import { planInstallation, planRemoval, WRAPPER } from './conflist.js';
import type { ConfFile } from './conflist.js';

const DIRECTORY = '/var/lib/ringfence/birth';
const OURS = { type: 'ringfence-cni', directory: DIRECTORY };
const list = (name: string, ...plugins: unknown[]): ConfFile => ({
  name,
  text: JSON.stringify({ cniVersion: '0.4.0', name: 'net', plugins }),
});
const calico = { type: 'calico', policy: { type: 'k8s' } };
const portmap = { type: 'portmap', capabilities: { portMappings: true } };

function applied(
  files: readonly ConfFile[],
  edits: readonly { name: string; text: string | null }[],
): ConfFile[] {
  const kept = files.filter(({ name }) => !edits.some((edit) => edit.name === name));
  const written = edits.flatMap(({ name, text }) => (text === null ? [] : [{ name, text }]));
  return [...kept, ...written];
}

it('goes last into the list that wins and leaves everything else of it as it is', () => {
  const files = [list('20-other.conflist', portmap), list('10-calico.conflist', calico, portmap)];
  const plan = planInstallation(files, DIRECTORY);
  expect(plan.edits.map(({ name }) => name)).toEqual(['10-calico.conflist']);
  expect(JSON.parse(plan.edits[0]?.text ?? '')).toEqual({
    cniVersion: '0.4.0',
    name: 'net',
    plugins: [calico, portmap, OURS],
  });
  expect(planInstallation(applied(files, plan.edits), DIRECTORY)).toEqual({
    state: 'installed',
    file: '10-calico.conflist',
    edits: [],
  });
});

it('goes back to the end, once, when the owner puts others behind it or an old entry is there twice', () => {
  const old = { type: 'ringfence-cni', directory: '/elsewhere' };
  const plan = planInstallation([list('10-calico.conflist', old, calico, OURS, portmap)], DIRECTORY);
  expect(JSON.parse(plan.edits[0]?.text ?? '').plugins).toEqual([calico, portmap, OURS]);
});

it('follows the file that sorts first', () => {
  const files = [
    list('10-calico.conflist', calico, OURS),
    list('05-cilium.conflist', { type: 'cilium-cni' }),
  ];
  expect(planInstallation(files, DIRECTORY)).toMatchObject({
    state: 'installed',
    file: '05-cilium.conflist',
  });
});

it('chains a single plugin in a list of its own, and takes that away when a list wins', () => {
  const single = {
    name: '10-flannel.conf',
    text: JSON.stringify({ cniVersion: '1.0.0', name: 'cbr0', type: 'flannel', mtu: 1 }),
  };
  const plan = planInstallation([single], DIRECTORY);
  expect(plan).toMatchObject({ state: 'installed', file: WRAPPER });
  expect(JSON.parse(plan.edits[0]?.text ?? '')).toEqual({
    cniVersion: '1.0.0',
    name: 'cbr0',
    plugins: [{ type: 'flannel', mtu: 1 }, OURS],
  });
  const files = applied([single], plan.edits);
  expect(planInstallation(files, DIRECTORY).edits).toEqual([]);
  const withList = [...files, list('05-cilium.conflist', { type: 'cilium-cni' }, OURS)];
  expect(planInstallation(withList, DIRECTORY).edits).toEqual([{ name: WRAPPER, text: null }]);
});

it.each([
  ['nothing there yet', [], 'no CNI configuration'],
  [
    'a broken file that wins',
    [{ name: '05-x.conflist', text: '{' }, list('10-a.conflist', calico)],
    '05-x.conflist',
  ],
  [
    'a version without chains',
    [{ name: '10-a.conflist', text: '{"cniVersion":"0.2.0","plugins":[]}' }],
    '0.2.0',
  ],
  ['Multus', [{ name: '00-multus.conf', text: '{"cniVersion":"0.4.0","type":"multus"}' }], 'Multus'],
  [
    'a single plugin that sorts before everything',
    [{ name: '00-!.conf', text: '{"cniVersion":"0.4.0","type":"x"}' }],
    '00-!.conf',
  ],
])('says why it cannot: %s', (_, files, why) => {
  expect(planInstallation(files, DIRECTORY)).toMatchObject({ state: 'impossible', edits: [] });
  expect(planInstallation(files, DIRECTORY)).toHaveProperty('why', expect.stringContaining(why));
});

it('leaves every file as it was before, and files that cannot be read alone', () => {
  const files = [
    list('10-a.conflist', calico),
    list('20-b.conflist', portmap, OURS),
    { name: '30-c.conf', text: '{' },
  ];
  const installed = applied(files, planInstallation(files, DIRECTORY).edits);
  const removed = applied(installed, planRemoval([...installed, { name: WRAPPER, text: '{}' }]));
  const plugins = removed.flatMap(({ text }) => (text === '{' ? [] : [JSON.parse(text).plugins]));
  expect(plugins).toEqual(expect.arrayContaining([[calico], [portmap]]));
  expect(planRemoval(removed)).toEqual([]);
});
