/** Tells the cluster that this agent lives, and once more when it stops. */
import { readFileSync } from 'node:fs';
import { VERSION } from '@ringfence/contracts';
import type { AgentHeartbeat, CredentialResponse } from '@ringfence/contracts';
import { hostAddresses } from './adapters/host-addresses.js';
import { NodeRoutes } from './adapters/node-routes.js';
import type { Context } from './cven.js';
import type { AgentParts } from './agent-parts.js';
import type { Birth } from './birth/birth.js';
import { every } from './timers.js';

/** Well below the 15 s after which clas-cache counts an agent as disconnected. */
const EVERY_MS = 5_000;
/** Addresses of a node (its first Pod, a new tunnel) are wanted sooner than the next beat. */
const LOOK_EVERY_MS = 1_000;

interface HeartbeatOptions {
  readonly context: Context;
  readonly parts: AgentParts;
  readonly birth: Birth;
  readonly identity: CredentialResponse;
}

export function startHeartbeat({ context, parts, birth, identity }: HeartbeatOptions): void {
  const machineId = readFileSync(context.config.RINGFENCE_MACHINE_ID_PATH, 'utf8').trim();
  const onError = (error: unknown): void => context.logger.warn({ err: error }, 'no heartbeat could be sent');
  const nodeRoutes = new NodeRoutes(hostAddresses);
  const beat = async (status: AgentHeartbeat['status']): Promise<void> => {
    const routes = [...(await nodeRoutes.look())];
    const { pods, enforced, revision, errors } = parts.agent.counts();
    await parts.uplink.heartbeat({
      node: identity.name,
      machineId,
      version: VERSION,
      addresses: hostAddresses(),
      revision,
      pods,
      podsEnforced: enforced,
      errors: [
        ...errors.map(({ token, message, pod }) => ({ token, message, pod })),
        ...birth.errors(),
        ...untied(parts),
      ],
      ...(parts.cutByFull && { cutByFull: [...parts.cutByFull] }),
      observedAt: new Date().toISOString(),
      status,
      essential: parts.essential(),
      routes,
      judging: parts.agent.isJudging,
    });
  };
  let last = { at: 0, said: '' };
  const beatIfDue = async (): Promise<void> => {
    const status = isGone(parts, birth) ? 'unpaired' : 'active';
    const said = JSON.stringify([
      ...[status, hostAddresses(), parts.agent.isJudging],
      ...[parts.essential(), await nodeRoutes.look()],
    ]);
    if (said === last.said && Date.now() - last.at < EVERY_MS) return;
    await beat(status);
    last = { at: Date.now(), said };
  };
  beatIfDue().catch(onError);
  const timer = every(LOOK_EVERY_MS, beatIfDue, onError);
  context.onShutdown(async () => {
    timer.stop();
    if (!parts.isUnpaired) await beat('stopping').catch(onError);
  });
}

/** Unpaired, and nothing of ours is on the node: whoever hears it may take the agent away. */
function isGone({ isUnpaired, sources }: AgentParts, birth: Birth): boolean {
  return isUnpaired && sources.isGone && birth.isGone;
}

function untied({ isUnpaired, sources: { trouble } }: AgentParts): AgentHeartbeat['errors'] {
  if (isUnpaired || trouble === undefined) return [];
  return [{ token: 'sources_not_tied', message: `a Pod may send under another's address: ${trouble}` }];
}
