/**
 * Proof of possession: an agent makes its NATS user key itself, signs a challenge with it, and is given a credential for that
 * public key. The seed never leaves the machine; whoever reads the whole exchange gains nothing by it.
 */
import { createPublicKey, verify } from 'node:crypto';
import { fromSeed, Prefix } from '@nats-io/nkeys';
import { Codec } from '@nats-io/nkeys/lib/codec.js';
import { credentialProof } from '@ringfence/contracts';
import type { ProvenClaim } from '@ringfence/contracts';
import { keysOfSeed } from './keys.js';

/** What stands before the 32 bytes of an ed25519 key in its DER form. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const utf8 = new TextEncoder();

export function signProof(
  seed: string,
  claim: Omit<ProvenClaim, 'publicKey'>,
): { readonly publicKey: string; readonly signature: string } {
  const { publicKey } = keysOfSeed(seed);
  const signature = fromSeed(utf8.encode(seed)).sign(utf8.encode(credentialProof({ ...claim, publicKey })));
  return { publicKey, signature: Buffer.from(signature).toString('base64') };
}

/** With Node's own ed25519: strangers may ask for it, and the library of the keys takes a hundred times as long. */
export function isProof(signature: string, claim: ProvenClaim): boolean {
  try {
    const raw = Codec.decode(Prefix.User, utf8.encode(claim.publicKey));
    const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' });
    return verify(null, utf8.encode(credentialProof(claim)), key, Buffer.from(signature, 'base64'));
  } catch {
    // Not a key, or not a signature.
    return false;
  }
}
