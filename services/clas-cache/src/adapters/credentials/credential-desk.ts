/**
 * Who gets which credential on the cluster's NATS: Kubelink by the cluster's id and token, a C-VEN by the key pair that it made
 * when its node was paired, and by Kubernetes' word for it where there is one. A C-VEN that was paired once gets its credential
 * again while the control plane or the API server is away: what is kept of it is its public key. No secret leaves this desk.
 */
import { CallError, isProof } from '@ringfence/bus';
import type { CredentialChallenge, CredentialRequest, CredentialResponse } from '@ringfence/contracts';
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { challenges } from './challenges.js';
import { ControlPlaneAway, Refused } from '../uplink/control-plane.client.js';
import type { ControlPlaneClient } from '../uplink/control-plane.client.js';
import type { EdgeAccounts } from './edge-accounts.js';
import { KubernetesAway } from './vouching.js';
import type { Vouching } from './vouching.js';

const KeptPairing = z.object({ node: z.string(), publicKey: z.string() });
type KeptPairing = z.infer<typeof KeptPairing>;
export const KeptPairings = z.array(z.tuple([z.string(), KeptPairing]));

type FromKubelink = Extract<CredentialRequest, { role: 'kubelink' }>;
type FromNode = Extract<CredentialRequest, { role: 'cven' }>;

export interface CredentialDeskOptions {
  readonly cluster: string;
  readonly token: string;
  readonly natsUrl: string;
  /** Absent: the cluster's NATS asks for no credential. */
  readonly accounts?: EdgeAccounts;
  readonly controlPlane: ControlPlaneClient;
  readonly vouching: Vouching;
  /** Null, or why the control plane does not accept our own id and token. */
  readonly refusedBecause: () => string | null;
  readonly keep: (pairings: z.output<typeof KeptPairings>) => Promise<void>;
}

export const EXPIRES_IN_SECONDS = 24 * 3600;
/** C-VENs that we ask others about at a time; whoever comes beyond them is told to come again. */
const AT_ONCE = 64;

export class CredentialDesk {
  private readonly pairings: Map<string, KeptPairing>;
  private readonly challenges = challenges();
  private asking = 0;

  constructor(
    private readonly options: CredentialDeskOptions,
    pairings: z.output<typeof KeptPairings> = [],
  ) {
    this.pairings = new Map(pairings);
  }

  /** Those that hold a credential, or may ask for one. */
  nodes(): string[] {
    return [...this.pairings.values()].map(({ node }) => node);
  }

  challenge(): CredentialChallenge {
    return { cluster: this.options.cluster, challenge: this.challenges.issue(Date.now()) };
  }

  async issue(request: CredentialRequest): Promise<CredentialResponse> {
    const name = request.role === 'kubelink' ? this.kubelink(request) : await this.node(request);
    return {
      cluster: this.options.cluster,
      name,
      natsUrl: this.options.natsUrl,
      jwt: await this.mint(request, name),
      expiresAt: new Date(Date.now() + EXPIRES_IN_SECONDS * 1000).toISOString(),
    };
  }

  private kubelink({ cluster, token }: FromKubelink): string {
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

  private async node(request: FromNode): Promise<string> {
    this.requireProof(request);
    if (this.asking >= AT_ONCE)
      throw CallError.of(
        'RESOURCE_EXHAUSTED',
        'too_many_requests_error',
        'too many nodes at once; try again',
      );
    this.asking += 1;
    try {
      return await this.pair(request, await this.options.vouching.nodeOf(request.serviceAccountToken));
    } catch (error) {
      if (error instanceof KubernetesAway)
        return this.remembered(request, { token: 'kubernetes-away', message: error.message });
      throw error;
    } finally {
      this.asking -= 1;
    }
  }

  private requireProof({ machineId, publicKey, challenge, signature }: FromNode): void {
    const { cluster } = this.options;
    // An old challenge is no offence: the way to us may have been slow.
    if (!this.challenges.isOurs(challenge, Date.now()))
      throw CallError.of('FAILED_PRECONDITION', 'challenge_expired', 'ask for a new challenge and sign it');
    if (!isProof(signature, { cluster, machineId, publicKey, challenge }))
      throw CallError.of(
        'UNAUTHENTICATED',
        'node_proof_failed',
        'the signature is not that of the public key',
      );
  }

  private async pair(request: FromNode, vouchedNode: string | undefined): Promise<string> {
    const { pairingKey, machineId, version, publicKey } = request;
    const proof = { pairingKey, machineId, version, publicKey, vouchedNode };
    try {
      const { node } = await this.options.controlPlane.pair(proof);
      await this.remember(machineId, { node, publicKey });
      return node;
    } catch (error) {
      if (error instanceof Refused) {
        await this.forget(machineId, publicKey);
        const code = error.status === 401 || error.status === 403 ? 'UNAUTHENTICATED' : 'FAILED_PRECONDITION';
        throw CallError.of(code, error.token, error.message);
      }
      if (!(error instanceof ControlPlaneAway)) throw error;
      return this.remembered(request, { token: 'control-plane-away', message: error.message }, vouchedNode);
    }
  }

  private async remember(machineId: string, pairing: KeptPairing): Promise<void> {
    const known = this.pairings.get(machineId);
    if (known?.node === pairing.node && known.publicKey === pairing.publicKey) return;
    this.pairings.set(machineId, pairing);
    await this.options.keep([...this.pairings]);
  }

  /** The control plane has decided against a key that it had accepted. */
  private async forget(machineId: string, publicKey: string): Promise<void> {
    if (this.pairings.get(machineId)?.publicKey !== publicKey) return;
    this.pairings.delete(machineId);
    await this.options.keep([...this.pairings]);
  }

  /** It is paired no longer: without the control plane nobody gets its credential again. */
  async forgetNode(node: string): Promise<void> {
    const kept = [...this.pairings].filter(([, pairing]) => pairing.node === node);
    for (const [machineId] of kept) this.pairings.delete(machineId);
    if (kept.length > 0) await this.options.keep([...this.pairings]);
  }

  /** One that was accepted before goes on while somebody cannot be asked: by its key it is the same node. */
  private remembered(
    { machineId, publicKey }: FromNode,
    away: { readonly token: string; readonly message: string },
    vouchedNode?: string,
  ): string {
    const known = this.pairings.get(machineId);
    if (known?.publicKey === publicKey && (vouchedNode ?? known.node) === known.node) return known.node;
    throw CallError.of(
      'UNAVAILABLE',
      away.token,
      `this node was not paired with this key yet, and ${away.message}`,
    );
  }

  private async mint({ role, publicKey }: CredentialRequest, name: string): Promise<string> {
    const { accounts } = this.options;
    if (accounts === undefined) return '';
    const minted = role === 'kubelink' ? accounts.kubelink(publicKey) : accounts.node(name, publicKey);
    return (await minted).jwt;
  }
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
