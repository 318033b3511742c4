/** Ports of loopback that nobody listens on, taken once each within this process. */
import { createServer } from 'node:net';

const taken = new Set<number>();

function probe(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}

export async function freePort(): Promise<number> {
  for (;;) {
    const port = await probe(0, '0.0.0.0');
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
}

/** Fails with one line when somebody listens there already. */
export async function claimPort(port: number, host: string, option: string): Promise<number> {
  try {
    taken.add(await probe(port, host));
    return port;
  } catch {
    throw new Error(
      `Port ${port} of ${host} is in use: stop what listens there, or choose another with ${option}.`,
    );
  }
}
