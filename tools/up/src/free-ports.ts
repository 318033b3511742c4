/**
 * Ports for the stack's own servers, out of reach of outgoing connections (below the kernel's range for those) and of
 * other stacks on this machine: each chosen port is held as a name in the kernel until this process ends. A stranger's
 * server can still be quicker: see `Processes.startListening`.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const FIRST_PORT = 15_000;
const FALLBACK_END = 32_768;
const ATTEMPTS = 200;

export async function freePort(): Promise<number> {
  const end = Math.max(firstOutgoingPort(), FIRST_PORT + ATTEMPTS);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * (end - FIRST_PORT));
    if ((await isFree(port, '0.0.0.0')) && (await reserve(port))) return port;
  }
  throw new Error(`No free port was found between ${FIRST_PORT} and ${end}.`);
}

/** Fails with one line when somebody listens there already. */
export async function claimPort(port: number, host: string, option: string): Promise<number> {
  if (await isFree(port, host)) {
    // Held already when whoever starts us has chosen it for us.
    await reserve(port);
    return port;
  }
  throw new Error(
    `Port ${port} of ${host} is in use: stop what listens there, or choose another with ${option}.`,
  );
}

function firstOutgoingPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  } catch {
    return FALLBACK_END;
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** An abstract socket: the kernel forgets it with this process. */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const name = createServer((socket) => socket.destroy());
    name.once('error', () => resolve(false));
    name.listen(`\0ringfence-port-${port}`, () => resolve(true)).unref();
  });
}
