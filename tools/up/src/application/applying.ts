/** Puts objects into the cluster. What the cluster does not know or refuses is noted with its reason, and ends nothing. */
import { Stalled, untilDone } from '@ringfence/testing';
import { KubernetesRefusal, NotServed } from '../kubernetes-api.js';
import type { KubernetesApi } from '../kubernetes-api.js';
import type { Counted } from '../progress.js';
import { KnownKinds } from './known-kinds.js';
import type { MadeObject } from './made-at-run-time.js';
import type { LocatedManifest } from './manifests.js';

export interface Ignored {
  readonly place: string;
  readonly object: string;
  readonly why: string;
}

export interface Outcome {
  readonly applied: number;
  readonly ignored: readonly Ignored[];
  /** In the place of programs that would have. */
  readonly made: readonly MadeObject[];
}

const AT_ONCE = 8;
const DEFINITION = 'CustomResourceDefinition';
const ESTABLISHED_AFTER_MS = 20_000;
/** Configuration and Services before the Pods that name them; webhooks last: from then on what they speak of passes them. */
const WAVES = [
  [DEFINITION],
  ['ConfigMap', 'Secret', 'Service'],
  [],
  ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
];
const OTHERS = 2;

export class Applying {
  private applied = 0;
  private readonly ignored: Ignored[];
  private readonly made: MadeObject[] = [];
  private readonly kinds = new KnownKinds([]);

  constructor(
    private readonly kubernetes: KubernetesApi,
    leftOut: readonly Ignored[] = [],
  ) {
    this.ignored = [...leftOut];
  }

  outcome(): Outcome {
    return { applied: this.applied, ignored: this.ignored, made: this.made };
  }

  /** Wave by wave, several objects at once; within a wave in the order of the file. */
  async applyAll(objects: readonly LocatedManifest[], counted?: Counted): Promise<void> {
    let done = 0;
    const onDone = (): void => counted?.((done += 1), objects.length);
    for (const [wave, kinds] of WAVES.entries()) {
      const due = objects.filter(({ manifest }) => waveOf(manifest.kind) === wave);
      await this.inTurn(due, onDone);
      if (kinds.includes(DEFINITION)) await this.established(due);
    }
  }

  async makeAll(objects: readonly MadeObject[]): Promise<void> {
    for (const object of objects) {
      await this.kubernetes.apply(object.manifest);
      this.made.push(object);
    }
  }

  /** True: the cluster has it now. */
  async apply(located: LocatedManifest): Promise<boolean> {
    const { manifest, place } = located;
    try {
      await this.kubernetes.apply(manifest);
      this.applied += 1;
      return true;
    } catch (error) {
      if (!(error instanceof KubernetesRefusal || error instanceof NotServed)) throw error;
      const object = `${manifest.kind} ${manifest.metadata.name ?? manifest.metadata.generateName}`;
      this.ignored.push({ place, object, why: this.whyOf(error, located) });
      return false;
    }
  }

  private async inTurn(objects: readonly LocatedManifest[], onDone: () => void): Promise<void> {
    const waiting = [...objects];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await this.apply(next);
        onDone();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  /** A cluster serves a new kind a moment after it has accepted its definition. */
  private async established(definitions: readonly LocatedManifest[]): Promise<void> {
    const { defined } = new KnownKinds(definitions.map(({ manifest }) => manifest));
    for (const { apiVersion, kind } of defined) {
      try {
        await untilDone(
          async () =>
            (await this.kubernetes.serves(apiVersion, kind))
              ? { done: true }
              : { missing: 'it is not served' },
          { what: `the kind ${kind}`, stalledAfterMs: ESTABLISHED_AFTER_MS },
        );
      } catch (error) {
        // The table of what was ignored will name its objects.
        if (!(error instanceof Stalled)) throw error;
      }
    }
  }

  private whyOf(error: KubernetesRefusal | NotServed, { manifest }: LocatedManifest): string {
    if (error instanceof KubernetesRefusal) return error.why;
    const { apiVersion, kind } = manifest;
    const served = this.kinds.servedAs(kind);
    return served === null || served === apiVersion
      ? `the cluster does not serve ${kind} of ${apiVersion}`
      : `the cluster does not serve ${kind} of ${apiVersion}: write apiVersion: ${served}`;
  }
}

const waveOf = (kind: string): number => {
  const wave = WAVES.findIndex((kinds) => kinds.includes(kind));
  return wave < 0 ? OTHERS : wave;
};

/** "Applied 241 objects, ignored 3:" and why, and what was made for the application. */
export function outcomeText({ applied, ignored, made }: Outcome): string {
  return [
    `Applied ${applied} objects${ignored.length === 0 ? '.' : `, ignored ${ignored.length}:`}`,
    ...inColumns(ignored.map(({ place, object, why }) => [place, object, why])),
    ...(made.length === 0 ? [] : ['Made what the application would make itself, with placeholders in it:']),
    ...inColumns(
      made.map(({ manifest: { kind, metadata }, maker }) => [
        `${kind} ${metadata.namespace}/${metadata.name}`,
        `as ${maker} would`,
      ]),
    ),
    '',
  ].join('\n');
}

function inColumns(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(width(column))).join('  ')}`.trimEnd());
}
