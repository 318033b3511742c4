/** What only one object of a collection may have: who has it, as it was read and as a bulk call changes it item by item. */

export class Taken<T extends { readonly id: string }> {
  private readonly owners = new Map<string, string>();
  private readonly values = new Map<string, string>();

  /** `valueOf` is null for an object that has none. */
  constructor(
    private readonly valueOf: (item: T) => string | null,
    items: Iterable<T>,
  ) {
    for (const item of items) this.note(item);
  }

  byAnother(item: T): boolean {
    const value = this.valueOf(item);
    return value !== null && (this.owners.get(value) ?? item.id) !== item.id;
  }

  /** As it is now. */
  note(item: T): void {
    const { id } = item;
    const before = this.values.get(id);
    if (before !== undefined) this.owners.delete(before);
    this.values.delete(id);
    const value = this.valueOf(item);
    if (value === null) return;
    this.values.set(id, value);
    this.owners.set(value, id);
  }
}

export interface Referred {
  readonly externalDataSet: string | null;
  readonly externalDataReference: string | null;
}

/** The external reference of an object; half of one is none. */
export const referenceOf = ({ externalDataSet, externalDataReference }: Referred): string | null =>
  externalDataSet === null || externalDataReference === null
    ? null
    : JSON.stringify([externalDataSet, externalDataReference]);
