/** Since when inventory has been hearing the edges without a break. Silence before that is nobody's fault. */
import type { Hearing } from '../../domain/cluster-status.calculator.js';

export interface Listening {
  hearing(): Hearing;
  close(): void;
}

const LOOK_EVERY_MS = 1_000;

export function listening(isConnected: () => boolean): Listening {
  let since = new Date();
  let wasConnected = isConnected();
  const look = (): void => {
    const connected = isConnected();
    if (connected && !wasConnected) since = new Date();
    wasConnected = connected;
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    hearing: () => {
      look();
      const now = new Date();
      // Nobody is silent while nobody can be heard.
      return { now, listeningSince: wasConnected ? since : now };
    },
    close: () => clearInterval(timer),
  };
}
