/**
 * Who claims each address. It belongs to the newest of them (the one first heard of last): an address that moves to a new Pod
 * before the old one is gone must count as the new one's at once.
 */
import type { Address } from '@ringfence/contracts';

export interface Claimant {
  /** The higher, the newer. */
  readonly age: number;
}

/** The address is another's from now on; undefined: nobody's. */
export type OwnerChanged<C> = (address: Address, before: C | undefined, after: C | undefined) => void;

export class AddressClaims<C extends Claimant> {
  private readonly owners = new Map<Address, C>();
  /** Everyone who claims the address, oldest first, where more than one does. */
  private readonly contested = new Map<Address, readonly C[]>();

  constructor(private readonly changed: OwnerChanged<C>) {}

  ownerOf(address: Address): C | undefined {
    return this.owners.get(address);
  }

  /** Who asks claims it. */
  owns(address: Address, claimant: C): boolean {
    const claims = this.contested.get(address);
    return claims === undefined || claims.at(-1) === claimant;
  }

  claim(address: Address, claimant: C): void {
    const owner = this.owners.get(address);
    if (owner === undefined) {
      this.owners.set(address, claimant);
      this.changed(address, undefined, claimant);
    } else if (owner !== claimant) this.contest(address, owner, claimant);
  }

  withdraw(address: Address, claimant: C): void {
    const claims = this.contested.get(address);
    if (claims !== undefined) this.concede(address, claims, claimant);
    else if (this.owners.get(address) === claimant) {
      this.owners.delete(address);
      this.changed(address, claimant, undefined);
    }
  }

  private contest(address: Address, owner: C, claimant: C): void {
    const claims = this.contested.get(address) ?? [owner];
    if (claims.includes(claimant)) return;
    const position = claims.findLastIndex((other) => other.age < claimant.age) + 1;
    this.contested.set(address, claims.toSpliced(position, 0, claimant));
    if (position === claims.length) this.pass(address, owner, claimant);
  }

  private concede(address: Address, claims: readonly C[], claimant: C): void {
    const others = claims.filter((other) => other !== claimant);
    if (others.length > 1) this.contested.set(address, others);
    else this.contested.delete(address);
    const [before, after] = [claims.at(-1)!, others.at(-1)!];
    if (before !== after) this.pass(address, before, after);
  }

  private pass(address: Address, before: C, after: C): void {
    this.owners.set(address, after);
    this.changed(address, before, after);
  }
}
