/**
 * What `helm install` would make of a chart's hooks: those before the installation come first and those after it last, by weight; those
 * of tests, upgrades, roll-backs and deletions are left out. None is waited for: their Jobs run a stub. Pure.
 */
import type { Ignored } from '../applying.js';
import type { LocatedManifest } from '../manifests.js';

const HOOK = 'helm.sh/hook';
const WEIGHT = 'helm.sh/hook-weight';
const BEFORE = ['pre-install', 'crd-install'];
const AFTER = ['post-install'];

export interface Installation {
  readonly objects: LocatedManifest[];
  readonly leftOut: Ignored[];
}

export function asInstalled(objects: readonly LocatedManifest[]): Installation {
  const hooks = objects.filter((object) => eventsOf(object).length > 0);
  const plain = objects.filter((object) => eventsOf(object).length === 0);
  const before = hooks.filter((hook) => isOf(hook, BEFORE));
  const after = hooks.filter((hook) => isOf(hook, AFTER) && !before.includes(hook));
  const leftOut = hooks.filter((hook) => !before.includes(hook) && !after.includes(hook));
  return {
    objects: [...byWeight(before), ...plain, ...byWeight(after)],
    leftOut: leftOut.map(explained),
  };
}

/** A manifest that was not rendered here is applied as it is, as kubectl would. */
function eventsOf({ manifest, isOfChart }: LocatedManifest): string[] {
  const said: unknown = isOfChart ? manifest.metadata.annotations?.[HOOK] : undefined;
  return typeof said === 'string' ? said.split(',').map((event) => event.trim()) : [];
}

const isOf = (hook: LocatedManifest, events: readonly string[]): boolean =>
  eventsOf(hook).some((event) => events.includes(event));

function byWeight(hooks: readonly LocatedManifest[]): LocatedManifest[] {
  const weight = ({ manifest }: LocatedManifest): number =>
    Number(manifest.metadata.annotations?.[WEIGHT]) || 0;
  return hooks.toSorted((left, right) => weight(left) - weight(right));
}

function explained(hook: LocatedManifest): Ignored {
  const { kind, metadata } = hook.manifest;
  const why = `a hook for ${eventsOf(hook).join(', ')}: an installation does not make it`;
  return { place: hook.place, object: `${kind} ${metadata.name ?? metadata.generateName}`, why };
}
