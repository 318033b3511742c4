/**
 * Who gets which credential on the cluster's NATS: Kubelink by the cluster's id and token, a C-VEN by the pairing key and
 * the machine-id of its node. A C-VEN that was paired once gets its credential again while the control plane is away: of
 * its proof a hash is kept.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { CallError, mintKubelinkUser, mintNodeUser } from '@ringfence/bus';
import type { MintedUser } from '@ringfence/bus';
import type { CredentialRequest, CredentialResponse } from '@ringfence/contracts';
import { z } from 'zod';
import { ControlPlaneAway, Refused } from './control-plane.client.js';
import type { ControlPlaneClient } from './control-plane.client.js';

const KeptPairing = z.object({ node: z.string(), salt: z.string(), hash: z.string() });
type KeptPairing = z.infer<typeof KeptPairing>;
export const KeptPairings = z.array(z.tuple([z.string(), KeptPairing]));

export interface CredentialDeskOptions {
  readonly cluster: string;
  readonly token: string;
  readonly natsUrl: string;
  /** Absent: the cluster's NATS asks for no credential. */
  readonly signer?: { readonly signingSeed: string; readonly account: string };
  readonly controlPlane: ControlPlaneClient;
  /** Null, or why the control plane does not accept our own id and token. */
  readonly refusedBecause: () => string | null;
  readonly keep: (pairings: z.output<typeof KeptPairings>) => Promise<void>;
}

const EXPIRES_IN_SECONDS = 24 * 3600;
const HASH_BYTES = 32;
const hashOf = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;

export class CredentialDesk {
  readonly #pairings: Map<string, KeptPairing>;

  constructor(
    private readonly options: CredentialDeskOptions,
    pairings: z.output<typeof KeptPairings> = [],
  ) {
    this.#pairings = new Map(pairings);
  }

  async issue(request: CredentialRequest): Promise<CredentialResponse> {
    const name = request.role === 'kubelink' ? this.#kubelink(request) : await this.#node(request);
    const user = await this.#mint(request.role, name);
    return {
      cluster: this.options.cluster,
      name,
      natsUrl: this.options.natsUrl,
      jwt: user.jwt,
      seed: user.seed,
      expiresAt: new Date(Date.now() + EXPIRES_IN_SECONDS * 1000).toISOString(),
    };
  }

  #kubelink({ cluster, token }: Extract<CredentialRequest, { role: 'kubelink' }>): string {
    const { options } = this;
    if (cluster !== options.cluster || !isSame(token, options.token)) {
      throw CallError.of(
        'UNAUTHENTICATED',
        'cluster_authentication_failed',
        'wrong cluster id or cluster token',
      );
    }
    const refusal = options.refusedBecause();
    if (refusal !== null) throw CallError.of('UNAUTHENTICATED', 'cluster_authentication_failed', refusal);
    return 'kubelink';
  }

  async #node({
    pairingKey,
    machineId,
    version,
  }: Extract<CredentialRequest, { role: 'cven' }>): Promise<string> {
    try {
      const { node } = await this.options.controlPlane.pair({ pairingKey, machineId, version });
      await this.#remember(machineId, pairingKey, node);
      return node;
    } catch (error) {
      if (error instanceof Refused) {
        const code = error.status === 401 || error.status === 403 ? 'UNAUTHENTICATED' : 'FAILED_PRECONDITION';
        throw CallError.of(code, error.token, error.message);
      }
      if (!(error instanceof ControlPlaneAway)) throw error;
      return this.#remembered(machineId, pairingKey, error);
    }
  }

  async #remember(machineId: string, pairingKey: string, node: string): Promise<void> {
    const known = this.#pairings.get(machineId);
    if (known?.node === node && (await isProof(known, machineId, pairingKey))) return;
    const salt = randomBytes(16);
    const hash = await hashOf(proofOf(machineId, pairingKey), salt, HASH_BYTES);
    this.#pairings.set(machineId, { node, salt: salt.toString('base64'), hash: hash.toString('base64') });
    await this.options.keep([...this.#pairings]);
  }

  async #remembered(machineId: string, pairingKey: string, away: ControlPlaneAway): Promise<string> {
    const known = this.#pairings.get(machineId);
    if (known !== undefined && (await isProof(known, machineId, pairingKey))) return known.node;
    throw CallError.of(
      'UNAVAILABLE',
      'control-plane-away',
      `this node was not paired yet, and ${away.message}`,
    );
  }

  #mint(role: CredentialRequest['role'], name: string): Promise<Pick<MintedUser, 'jwt' | 'seed'>> {
    const { signer, cluster } = this.options;
    if (signer === undefined) return Promise.resolve({ jwt: '', seed: '' });
    const signing = { ...signer, cluster, expiresInSeconds: EXPIRES_IN_SECONDS };
    return role === 'kubelink' ? mintKubelinkUser(signing) : mintNodeUser(signing, name);
  }
}

const proofOf = (machineId: string, pairingKey: string): string => `${machineId}\n${pairingKey}`;

async function isProof({ salt, hash }: KeptPairing, machineId: string, pairingKey: string): Promise<boolean> {
  const given = await hashOf(proofOf(machineId, pairingKey), Buffer.from(salt, 'base64'), HASH_BYTES);
  return timingSafeEqual(given, Buffer.from(hash, 'base64'));
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
