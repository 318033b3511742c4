/** Which kinds there are, before a cluster can be asked: Kubernetes' own and those that the manifests define. */
import { builtInKinds } from '@ringfence/sandbox';
import type { Manifest } from './manifests.js';

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Of these every kind is known: nobody else defines any. */
const COMPLETE = new Set(['apps/v1', 'batch/v1']);
/** So many letters apart are two words a slip of the pen. */
const A_SLIP = 2;

export class KnownKinds {
  /** Those of the manifests. */
  readonly defined: readonly Kind[];
  private readonly kinds: readonly Kind[];

  constructor(manifests: readonly Manifest[]) {
    this.defined = manifests.flatMap(kindsDefinedBy);
    const builtIn = builtInKinds.map(({ group, version, kind, namespaced }) => ({
      apiVersion: group === '' ? version : `${group}/${version}`,
      ...{ kind, namespaced },
    }));
    this.kinds = [...builtIn, ...this.defined];
  }

  find(manifest: Pick<Manifest, 'apiVersion' | 'kind'>): Kind | undefined {
    return this.kinds.find(
      ({ apiVersion, kind }) => kind === manifest.kind && apiVersion === manifest.apiVersion,
    );
  }

  /** What was meant by a kind that is not known, if that is plain; a kind of somebody else's API is none of ours. */
  meantBy({ apiVersion, kind }: Manifest): string | null {
    const siblings = this.kinds.filter((known) => known.apiVersion === apiVersion);
    const near = siblings.find((known) => distance(known.kind.toLowerCase(), kind.toLowerCase()) <= A_SLIP);
    if (near) return `${apiVersion} has no kind ${kind}: did you mean ${near.kind}?`;
    const [elsewhere] = this.kinds.filter((known) => known.kind === kind);
    if (!elsewhere)
      return COMPLETE.has(apiVersion)
        ? `${apiVersion} has no kind ${kind}, only ${siblings.map((known) => known.kind).join(', ')}`
        : null;
    const misspelt = distance(groupOf(elsewhere.apiVersion), groupOf(apiVersion)) <= A_SLIP;
    const isOlder = groupOf(elsewhere.apiVersion) === groupOf(apiVersion);
    return siblings.length > 0 || (misspelt && !isOlder)
      ? `${apiVersion} has no kind ${kind}: write apiVersion: ${elsewhere.apiVersion}`
      : null;
  }

  /** For a kind that the cluster does not serve: by which version it would be. */
  servedAs(kind: string): string | null {
    return this.kinds.find((known) => known.kind === kind)?.apiVersion ?? null;
  }
}

function kindsDefinedBy({ kind, spec }: Manifest): Kind[] {
  const definition = spec as
    { group?: string; scope?: string; names?: { kind?: string }; versions?: { name?: string }[] } | undefined;
  const defined = definition?.names?.kind;
  if (kind !== 'CustomResourceDefinition' || defined === undefined) return [];
  const namespaced = definition?.scope !== 'Cluster';
  return (definition?.versions ?? []).map(({ name }) => ({
    apiVersion: `${definition?.group}/${name}`,
    kind: defined,
    namespaced,
  }));
}

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.split('/')[0]! : '');

/** Letters to change, add or take away (Levenshtein), row by row. */
function distance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...left].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...right].entries()) {
      const replaced = above[column]! + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, above[column + 1]! + 1, current[column]! + 1));
    }
    above = current;
  }
  return above[right.length]!;
}
