/** For specs: what a machine shows of itself when it pairs. */
import { createKeys } from '@ringfence/bus';
import type { Created } from './inventory-client.js';
import type { World } from './world.js';

export const newKey = (): string => createKeys('user').publicKey;

/** Of the default pairing profile. */
export async function activationCode(world: World): Promise<string> {
  const { body: profiles } = await world.rest('pairing_profiles', 'list');
  const profile = (profiles as { href: string; is_default: boolean }[]).find((each) => each.is_default);
  const { body } = await world.rest('pairing_profiles', 'pairing_key', {
    ids: [profile?.href.split('/').at(-1) ?? ''],
  });
  return (body as { activation_code: string }).activation_code;
}

/** At its first pairing. */
export const pairingOf = async (world: World, { id, token }: Created, machineId: string) => ({
  ...{ cluster: id, token, pairingKey: await activationCode(world), machineId, version: '0.1.0' },
  publicKey: newKey(),
});
