export type Transmission = 'broadcast' | 'multicast' | 'unicast';

/** To how many at once something is sent, by the address alone: of a subnet's own broadcast address nothing is known. */
export function transmissionOf(address: string): Transmission {
  if (address === '255.255.255.255') return 'broadcast';
  const first = Number(address.split('.')[0]);
  return (first >= 224 && first <= 239) || /^ff/i.test(address) ? 'multicast' : 'unicast';
}
