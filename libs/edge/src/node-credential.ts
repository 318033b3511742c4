/** A node's credential: asked for with the pairing key, the machine's id, the key pair that the node made for itself, and Kubernetes' token for its agent. */
import { readFileSync } from 'node:fs';
import { askAsNode, createKeys, readAgentToken } from '@ringfence/bus';
import { z } from 'zod';
import { EdgeCredential } from './edge-credential.js';
import type { KeptCredential } from './edge-credential.js';
import type { StateFile } from './state-file.js';

const ANSWER_WITHIN_MS = 5_000;

export const NodeKey = z.object({ machineId: z.string().min(1), seed: z.string().min(1) });
export type NodeKey = z.infer<typeof NodeKey>;

export interface NodeCredentialOptions {
  readonly clasUrl: string;
  readonly caFile?: string | undefined;
  readonly pairingKey: string;
  readonly machineIdPath: string;
  /** Of the service account's token; nothing there: we have none. */
  readonly tokenPath: string;
  readonly version: string;
  readonly file?: StateFile<KeptCredential> | undefined;
  readonly keyFile: StateFile<NodeKey>;
  readonly signal: AbortSignal;
}

export function nodeCredential(options: NodeCredentialOptions): EdgeCredential {
  const { machineIdPath, file, signal } = options;
  return new EdgeCredential({
    ask: () => ask(options),
    refusal: ({ message }) =>
      `clas-cache refused this node: ${message} - check RINGFENCE_PAIRING_KEY and the machine id in ${machineIdPath}`,
    file,
    signal,
  });
}

async function ask(options: NodeCredentialOptions): Promise<KeptCredential> {
  const { clasUrl, caFile, pairingKey, machineIdPath, tokenPath, version, keyFile, signal } = options;
  const machineId = readFileSync(machineIdPath, 'utf8').trim();
  const { seed } = keyOf(machineId, keyFile);
  const desk = { clasUrl, caFile, seed, timeoutMs: ANSWER_WITHIN_MS, signal };
  const machine = { pairingKey, machineId, version, serviceAccountToken: readAgentToken(tokenPath) };
  return { ...(await askAsNode(desk, machine)), seed };
}

/** Made at the first pairing, and the node's for as long as it is paired. A disk that was copied to another machine is not it. */
function keyOf(machineId: string, keyFile: StateFile<NodeKey>): NodeKey {
  const kept = keyFile.read();
  if (kept?.machineId === machineId) return kept;
  const made = { machineId, seed: createKeys('user').seed };
  // Before it is shown to anybody: a key that is lost after the pairing would lock the node out.
  keyFile.write(made);
  return made;
}
