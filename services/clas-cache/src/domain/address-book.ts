/**
 * Whose address is it? An address belongs to the newest Pod that claims it: an address given to a new Pod while the old
 * one is still listed must not open the old one's rules to the new one's peers, nor the reverse.
 */
import type { Address } from '@ringfence/contracts';

export class AddressBook {
  private readonly claims = new Map<Address, string[]>();
  private readonly heldBy = new Map<string, readonly Address[]>();
  private readonly ages = new Map<string, number>();
  private clock = 0;

  /** Its age counts from here, whenever it claims its first address. */
  meet(id: string): void {
    if (!this.ages.has(id)) this.ages.set(id, ++this.clock);
  }

  /** `addresses` empty: it claims none any more. Returns the others whose addresses changed by this. */
  claim(id: string, addresses: readonly Address[]): string[] {
    const before = this.heldBy.get(id) ?? [];
    this.meet(id);
    const concerned = new Set<string>();
    for (const address of before) if (!addresses.includes(address)) this.release(address, id, concerned);
    for (const address of addresses) if (!before.includes(address)) this.take(address, id, concerned);
    this.heldBy.set(id, addresses);
    concerned.delete(id);
    return [...concerned];
  }

  forget(id: string): string[] {
    const concerned = this.claim(id, []);
    this.heldBy.delete(id);
    this.ages.delete(id);
    return concerned;
  }

  /** All of its claims. */
  held(id: string): readonly Address[] {
    return this.heldBy.get(id) ?? [];
  }

  owner(address: Address): string | undefined {
    return this.claims.get(address)?.at(-1);
  }

  isHeldByOther(address: Address, id: string): boolean {
    return (this.claims.get(address) ?? []).some((other) => other !== id);
  }

  /** Those of its claims that it owns. */
  owned(id: string): Address[] {
    return (this.heldBy.get(id) ?? []).filter((address) => this.owner(address) === id);
  }

  private take(address: Address, id: string, concerned: Set<string>): void {
    const claims = this.claims.get(address) ?? [];
    const age = this.ages.get(id)!;
    const position = claims.findLastIndex((other) => this.ages.get(other)! < age) + 1;
    this.claims.set(address, claims.toSpliced(position, 0, id));
    for (const other of claims) concerned.add(other);
  }

  private release(address: Address, id: string, concerned: Set<string>): void {
    const rest = (this.claims.get(address) ?? []).filter((other) => other !== id);
    if (rest.length === 0) this.claims.delete(address);
    else this.claims.set(address, rest);
    for (const other of rest) concerned.add(other);
  }
}
