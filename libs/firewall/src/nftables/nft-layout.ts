import { SharedMap } from './shared-map.js';

/** A table as sets and chains of finished nft rules: what renderers print and compare. */
export interface SetLayout {
  readonly keyword: 'set' | 'map';
  readonly declaration: string;
  /** Of a map: key → data. */
  readonly elements: ReadonlySet<string> | readonly string[] | SharedMap;
  /** Interval sets are replaced whole: deleting single intervals is catastrophically slow. */
  readonly interval: boolean;
}

export interface ChainLayout {
  /** Only for base chains. They are never deleted or rewritten in life. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/** As nft reads and writes them. */
export function elementTexts(elements: SetLayout['elements']): string[] {
  return elements instanceof SharedMap ? [...elements].map(mapElement) : [...elements];
}

export function mapElement([key, data]: readonly [string, string]): string {
  return `${key} : ${data}`;
}

export interface TableLayout {
  readonly sets: ReadonlyMap<string, SetLayout>;
  readonly chains: ReadonlyMap<string, ChainLayout>;
}
