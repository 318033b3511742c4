import { describe, expect, it } from 'vitest';
import type { LocatedManifest } from '../manifests.js';
import { asInstalled } from './chart-hooks.js';

function object(name: string, annotations: Record<string, string> = {}, isOfChart = true): LocatedManifest {
  const manifest = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, annotations } };
  return { manifest, place: `shop/templates/${name}.yaml`, isOfChart };
}
const hook = (name: string, events: string, weight?: string): LocatedManifest =>
  object(name, {
    'helm.sh/hook': events,
    ...(weight !== undefined && { 'helm.sh/hook-weight': weight }),
  });
const names = (objects: readonly LocatedManifest[]): (string | undefined)[] =>
  objects.map(({ manifest }) => manifest.metadata.name);

describe("a chart's hooks", () => {
  it('come before and after the installation that they are for, by weight', () => {
    const { objects, leftOut } = asInstalled([
      object('web'),
      hook('notify', 'post-install'),
      hook('migrate', 'pre-upgrade, pre-install', '5'),
      hook('certificates', 'pre-install', '-5'),
    ]);
    expect(names(objects)).toEqual(['certificates', 'migrate', 'web', 'notify']);
    expect(leftOut).toEqual([]);
  });

  it('are left out where an installation does not make them, and said', () => {
    const { objects, leftOut } = asInstalled([
      object('web'),
      hook('try', 'test'),
      hook('clean', 'pre-delete'),
    ]);
    expect(names(objects)).toEqual(['web']);
    expect(leftOut).toEqual([
      {
        place: 'shop/templates/try.yaml',
        object: 'Job try',
        why: 'a hook for test: an installation does not make it',
      },
      {
        place: 'shop/templates/clean.yaml',
        object: 'Job clean',
        why: 'a hook for pre-delete: an installation does not make it',
      },
    ]);
  });

  it('are ordinary objects in a manifest that somebody else rendered, as for kubectl', () => {
    const rendered = object('try', { 'helm.sh/hook': 'test' }, false);
    expect(asInstalled([rendered]).objects).toEqual([rendered]);
  });
});
