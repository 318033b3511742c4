/** A list of rules is named by the first port that leads to it: readable, and the same for the same policy. */
export function serviceName(realm: 'in' | 'out' | 'guard', proto: number, from: number): string {
  return `${realm}_${proto}_${from}`;
}
