/** How far facts are taken in: by cluster and kind, the position of the last one at its owner. Facts of `global` concern every cluster. */
import { GLOBAL } from '@ringfence/contracts';
import type { FactPositions } from '@ringfence/contracts';
import type { FactKind } from './facts.js';

export interface FactHead {
  readonly cluster: string;
  readonly kind: FactKind;
  readonly position: number;
}

export class FactHeads {
  private readonly heads = new Map<string, FactHead>();

  /** False: as much was taken in before. */
  take({ cluster, kind, position }: FactHead): boolean {
    if (position <= this.of(cluster, kind)) return false;
    this.heads.set(`${cluster}/${kind}`, { cluster, kind, position });
    return true;
  }

  isNews({ cluster, kind, position }: FactHead): boolean {
    return position > this.of(cluster, kind);
  }

  concerning(cluster: string): FactPositions {
    const of = (kind: FactKind): number => Math.max(this.of(cluster, kind), this.of(GLOBAL, kind));
    return { label: of('label'), profile: of('profile'), entity: of('entity') };
  }

  all(): Iterable<FactHead> {
    return this.heads.values();
  }

  private of(cluster: string, kind: FactKind): number {
    return this.heads.get(`${cluster}/${kind}`)?.position ?? 0;
  }
}
