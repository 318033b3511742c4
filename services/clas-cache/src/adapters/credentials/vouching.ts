/**
 * Whom Kubernetes vouches for. An agent that runs as a Pod shows the token that its kubelet gave it: the API server says whose
 * it is and on which node it lives, and no other node is paired by it. A pairing key that was found, with a machine-id that was
 * read, is then worth nothing without a foot on that very node.
 */
import { CallError } from '@ringfence/bus';
import { AGENT_AUDIENCE } from '@ringfence/contracts';
import { boundNode, isServiceAccount, reviewToken } from '@ringfence/kubernetes';
import type { ApiClient, ServiceAccount } from '@ringfence/kubernetes';

/** Auto: required once the agents' service account is there, which is where agents run as Pods. */
export type VouchingMode = 'auto' | 'required' | 'off';

export interface Vouching {
  /** The node that it is on. Undefined: nobody asks for that. Throws CallError for a bad token, KubernetesAway where nobody can say. */
  nodeOf(token: string | undefined): Promise<string | undefined>;
  /** For people. */
  state(): string;
}
export interface VouchingOptions {
  readonly client: ApiClient;
  readonly account: ServiceAccount;
  readonly mode: Exclude<VouchingMode, 'off'>;
  readonly memory: VouchingMemory;
}

/** That the agents' account was there, whoever runs now. */
export interface VouchingMemory {
  readonly isKept: boolean;
  keep(): Promise<void>;
}

/** The API server did not answer, or not us. */
export class KubernetesAway extends Error {
  override readonly name = 'KubernetesAway';
}

const ANSWER_WITHIN_MS = 5_000;

export const noVouching = (why: string): Vouching => ({
  nodeOf: async () => undefined,
  state: () => `not by Kubernetes: ${why}`,
});

/** It vouched for agents before, and there is no way to it any more. */
export const lostVouching = (why: string): Vouching => ({
  nodeOf: async () => {
    throw awayBecause(why);
  },
  state: () => cannotBeAsked(why),
});

export class KubernetesVouching implements Vouching {
  /** Once required it stays so: removing the account must not let anybody in, nor must a restart. */
  private isRequired: boolean;
  private trouble: string | undefined;

  constructor(private readonly options: VouchingOptions) {
    this.isRequired = options.mode === 'required' || options.memory.isKept;
  }

  state(): string {
    if (this.trouble !== undefined) return cannotBeAsked(this.trouble);
    const { namespace, name } = this.options.account;
    const account = `the service account ${namespace}/${name}`;
    return this.isRequired ? `by tokens of ${account}` : `not by Kubernetes: ${account} was not seen yet`;
  }

  async nodeOf(token: string | undefined): Promise<string | undefined> {
    try {
      const node = await this.check(token, AbortSignal.timeout(ANSWER_WITHIN_MS));
      this.trouble = undefined;
      return node;
    } catch (error) {
      if (error instanceof CallError) throw error;
      this.trouble = error instanceof Error ? error.message : String(error);
      throw awayBecause(this.trouble, error);
    }
  }

  private async check(token: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    const { client, account } = this.options;
    if (!this.isRequired && !(await this.wasFound(signal))) return undefined;
    const name = `${account.namespace}/${account.name}`;
    if (token === undefined)
      throw refusal('agent_token_required', `show a token of ${name} for the audience ${AGENT_AUDIENCE}`);
    const holder = await reviewToken(client, { token, audience: AGENT_AUDIENCE }, signal);
    if ('refused' in holder) throw refusal('agent_token_invalid', holder.refused);
    if (holder.username !== `system:serviceaccount:${account.namespace}:${account.name}`)
      throw refusal('agent_token_invalid', `it is of ${holder.username}, and our agents are ${name}`);
    const node = await boundNode(client, account, holder, signal);
    if (node === undefined)
      throw refusal('agent_token_invalid', 'it is bound to no Pod and no node that is there');
    return node;
  }

  private async wasFound(signal: AbortSignal): Promise<boolean> {
    const { client, account, memory } = this.options;
    if (!(await isServiceAccount(client, account, signal))) return false;
    this.isRequired = true;
    await memory.keep();
    return true;
  }
}

const cannotBeAsked = (why: string): string => `Kubernetes cannot be asked: ${why}`;
const awayBecause = (why: string, cause?: unknown): KubernetesAway =>
  new KubernetesAway(`Kubernetes cannot be asked about this node: ${why}`, { cause });
const refusal = (token: string, message: string): CallError =>
  CallError.of('UNAUTHENTICATED', token, message);
