/** A Pod's readiness as clas-cache tells it, written into the Pod until the API server has it. */
import type { PodReadiness } from '@ringfence/contracts';
import { retrying } from '@ringfence/retrying';
import { ApiError } from './api-client.js';
import type { ApiClient } from './api-client.js';
import { isConditionWritten, patchPodConditions } from './pod-condition.js';

const LONGEST_PAUSE_MS = 15_000;
/** The Pod is gone, is another one, or cannot have the condition. */
const POINTLESS = [404, 409, 422];

export interface ReadinessWriting {
  /** The Pod is looked at first, and left alone where it says so already. */
  readonly unlessWritten: boolean;
  /** Not if something newer was said of the Pod meanwhile. */
  readonly isWanted: () => boolean;
  readonly onTrouble: (message: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/** True: written here. False: it stood there, was no longer wanted, or the Pod cannot have it. */
export async function writeReadiness(
  client: ApiClient,
  readiness: PodReadiness,
  writing: ReadinessWriting,
): Promise<boolean> {
  const { unlessWritten, isWanted, onTrouble, signal } = writing;
  const { podUid: uid, namespace, name, gates, ready: status, reason, message } = readiness;
  const conditions = gates.map((type) => ({ type, status, reason, message }));
  const write = async (): Promise<boolean> => {
    const pod = { namespace, name, uid, conditions, at: new Date() };
    if (!isWanted() || (unlessWritten && (await isConditionWritten(client, pod, signal)))) return false;
    await patchPodConditions(client, pod, signal);
    return true;
  };
  const written = await retrying(() => write().catch(falseIfPointless), {
    signal,
    onError: (error) => onTrouble(`the condition of Pod ${namespace}/${name} could not be written`, error),
    longestPauseMs: LONGEST_PAUSE_MS,
  });
  return written === true;
}

function falseIfPointless(error: unknown): false {
  if (error instanceof ApiError && POINTLESS.includes(error.status)) return false;
  throw error;
}
