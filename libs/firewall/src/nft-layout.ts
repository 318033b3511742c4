/** A table as sets and chains of finished nft rules: what renderers print and compare. */
export interface SetLayout {
  readonly declaration: string;
  readonly elements: ReadonlySet<string> | readonly string[];
  /** Interval sets are replaced whole: deleting single intervals is catastrophically slow. */
  readonly interval: boolean;
}

export interface ChainLayout {
  /** Only for base chains. They are never deleted or rewritten in life. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

export interface TableLayout {
  readonly sets: ReadonlyMap<string, SetLayout>;
  readonly chains: ReadonlyMap<string, ChainLayout>;
}
