/**
 * The helper process: owns all libnftables contexts, so that an assertion of the library or a long transaction can hurt
 * neither the agent nor its event loop. It holds no policy and decides nothing; it ends with the agent.
 */
import type { Half } from '@ringfence/firewall';
import { KernelError } from '../../port/kernel.port.js';
import type { CounterName } from '../nft-tables.js';
import { NamespaceContext } from './namespace-context.js';
import type { NftContext } from './nft-context.js';
import type { HelperAnswer, HelperNews, HelperOperation, HelperRequest } from './protocol.js';
import { giveBackMemory } from './memory.js';
import { RecentlyUsed } from './recently-used.js';
import { RulesetWatch } from './ruleset-watch.js';
import type { WatchedNamespace } from './ruleset-watch.js';

const LISTEN_EVERY_MS = 20;
const GIVE_BACK_EVERY_MS = 10_000;
const LEAVES_NOTHING: readonly HelperOperation[] = ['disturbed', 'packets'];

const contexts = new Map<string, NamespaceContext>();
/**
 * A context of libnftables that is freed at once closes its socket, and that waits until the kernel has let go of what the transaction
 * took away: some 15 ms (far more on a busy machine), where the transaction itself takes 0.4. Kept for a while it costs 0.2 MiB.
 */
const recent = new RecentlyUsed<NamespaceContext, NftContext>({ most: 128, forMs: 2_000 });
/** The same, by the number of their namespace. */
const watched = new Map<number | undefined, WatchedNamespace>();
const watch = openWatch();

function openWatch(): RulesetWatch | undefined {
  try {
    return new RulesetWatch(watched);
  } catch (error) {
    tell({ news: 'deaf', reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** An agent that is gone hears nothing; the end of the channel ends this process, too. */
function tell(words: HelperNews | HelperAnswer): void {
  process.send?.(words, undefined, undefined, () => undefined);
}

function contextOf(netns: string): NamespaceContext {
  const known = contexts.get(netns);
  if (known !== undefined) return known;
  const opened = new NamespaceContext(netns, recent);
  contexts.set(netns, opened);
  watched.set(opened.namespace, { netns, context: opened });
  return opened;
}

function close(netns: string): void {
  const context = contexts.get(netns);
  if (context === undefined) return;
  context.close();
  contexts.delete(netns);
  if (watched.get(context.namespace)?.context === context) watched.delete(context.namespace);
  watch?.forget(context.namespace);
}

function perform({ operation, netns, argument }: HelperRequest): unknown {
  if (operation === 'close') return close(netns);
  if (operation === 'disturbed')
    return [...contexts].filter(([, context]) => context.isDisturbed()).map(([path]) => path);
  const context = contextOf(netns);
  switch (operation) {
    case 'open':
      return undefined;
    case 'run':
      return context.run(String(argument));
    case 'readFlows':
      return context.readFlows(argument as Half);
    case 'links':
      return context.links(argument as readonly string[]);
    case 'packets':
      return context.packets(argument as CounterName);
    default:
      return context[operation]();
  }
}

function answer(request: HelperRequest): HelperAnswer {
  try {
    return { id: request.id, ok: true, value: perform(request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      id: request.id,
      ok: false,
      code: error instanceof KernelError ? error.code : 'kernel_error',
      message,
    };
  }
}

/** It left something since the last time. */
let hasWorked = true;
setInterval(() => {
  if (hasWorked) giveBackMemory();
  hasWorked = false;
}, GIVE_BACK_EVERY_MS);
if (watch !== undefined) setInterval(() => watch.look().forEach(tell), LISTEN_EVERY_MS);
process.on('message', (request: HelperRequest) => {
  tell(answer(request));
  hasWorked ||= !LEAVES_NOTHING.includes(request.operation);
});
process.on('disconnect', () => process.exit(0));
// The agent decides when its helper ends: a signal to the whole process group must not cut a transaction off.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
