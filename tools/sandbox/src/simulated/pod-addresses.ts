/** The addresses of one simulated node's Pod network: each Pod gets the next one, so that an address rests before it is used again. */

const firstHost = 2;
const lastHost = 254;

export class PodAddresses {
  private readonly owners = new Map<string, string>();
  private readonly taken = new Set<string>();
  private last = firstHost - 1;

  /** `podCidr` is a /24, as every node of the sandbox has one. */
  constructor(private readonly podCidr: string) {}

  /** The Pod's own address, or a new one; undefined when all are in use. */
  take(podUid: string): string | undefined {
    const known = this.owners.get(podUid);
    if (known !== undefined) return known;
    for (let tries = firstHost; tries <= lastHost; tries += 1) {
      this.last = this.last >= lastHost ? firstHost : this.last + 1;
      const address = this.podCidr.replace(/\d+\/24$/, String(this.last));
      if (this.taken.has(address)) continue;
      this.taken.add(address);
      this.owners.set(podUid, address);
      return address;
    }
    return undefined;
  }

  release(podUid: string): void {
    const address = this.owners.get(podUid);
    if (address === undefined) return;
    this.owners.delete(podUid);
    this.taken.delete(address);
  }
}
