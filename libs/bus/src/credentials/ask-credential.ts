/** How Kubelink and C-VENs ask clas-cache for their credential on the cluster's NATS. The key pair is theirs and stays with them. */
import { readFileSync } from 'node:fs';
import { CredentialChallenge, CredentialResponse } from '@ringfence/contracts';
import type { CredentialRequest } from '@ringfence/contracts';
import { keysOfSeed } from './keys.js';
import { signProof } from './node-proof.js';
import { postJson } from './post-json.js';
import type { JsonAnswer, PostOptions } from './post-json.js';

/** clas-cache answered, and it was no: asking again changes nothing until a person has done something. */
export class CredentialRefused extends Error {
  override readonly name = 'CredentialRefused';
}

/** Read for each request: a kubelet replaces it long before it ends. Undefined: nobody gives us one. */
export function readAgentToken(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export interface CredentialDesk extends PostOptions {
  readonly clasUrl: string;
  /** Seed of the user key that the credential is for. */
  readonly seed: string;
}

export async function askAsNode(
  desk: CredentialDesk,
  machine: Pick<Extract<CredentialRequest, { role: 'cven' }>, 'pairingKey' | 'machineId' | 'version'> & {
    readonly serviceAccountToken?: string | undefined;
  },
): Promise<CredentialResponse> {
  const { cluster, challenge } = CredentialChallenge.parse(await ask(desk, '/v1/challenge', {}));
  const proof = signProof(desk.seed, { cluster, machineId: machine.machineId, challenge });
  return CredentialResponse.parse(
    await ask(desk, '/v1/credentials', { role: 'cven', ...machine, ...proof, challenge }),
  );
}

export async function askAsKubelink(
  desk: CredentialDesk,
  proof: { readonly cluster: string; readonly token: string },
): Promise<CredentialResponse> {
  const { publicKey } = keysOfSeed(desk.seed);
  return CredentialResponse.parse(
    await ask(desk, '/v1/credentials', { role: 'kubelink', ...proof, publicKey }),
  );
}

async function ask(desk: CredentialDesk, path: string, body: object): Promise<unknown> {
  const answer = await postJson(new URL(path, desk.clasUrl), body, desk);
  if (answer.status === 401 || answer.status === 403) throw new CredentialRefused(wordsOf(answer));
  if (answer.status !== 200) throw new Error(`clas-cache answered HTTP ${answer.status}: ${wordsOf(answer)}`);
  return answer.json;
}

function wordsOf({ json, text }: JsonAnswer): string {
  const [first] = Array.isArray(json) ? (json as { token?: unknown; message?: unknown }[]) : [];
  return typeof first?.message === 'string' ? `${String(first.token)}: ${first.message}` : text.slice(0, 300);
}
