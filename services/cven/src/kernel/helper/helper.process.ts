/**
 * The helper process: owns all libnftables contexts, so that an assertion of the library or a long transaction can hurt
 * neither the agent nor its event loop. It holds no policy and decides nothing; it ends with the agent.
 */
import type { Half } from '@ringfence/firewall';
import { KernelError } from '../kernel.port.js';
import { NamespaceContext } from './namespace-context.js';
import type { HelperAnswer, HelperRequest } from './protocol.js';

const contexts = new Map<string, NamespaceContext>();

function contextOf(netns: string): NamespaceContext {
  const known = contexts.get(netns);
  if (known !== undefined) return known;
  const opened = new NamespaceContext(netns);
  contexts.set(netns, opened);
  return opened;
}

function close(netns: string): void {
  contexts.get(netns)?.close();
  contexts.delete(netns);
}

function perform({ operation, netns, argument }: HelperRequest): unknown {
  if (operation === 'close') return close(netns);
  if (operation === 'disturbed')
    return [...contexts].filter(([, context]) => context.isDisturbed()).map(([path]) => path);
  const context = contextOf(netns);
  switch (operation) {
    case 'open':
      return undefined;
    case 'apply':
      return context.apply(String(argument));
    case 'readFlows':
      return context.readFlows(argument as Half);
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

process.on('message', (request: HelperRequest) => process.send?.(answer(request)));
process.on('disconnect', () => process.exit(0));
// The agent decides when its helper ends: a signal to the whole process group must not cut a transaction off.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
