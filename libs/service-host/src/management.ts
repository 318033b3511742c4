/** The management listener of a process: /livez, /readyz, /metrics. No authentication, so it stays on loopback, or a unix socket, unless told otherwise. */
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { HealthRegistry } from './health.js';
import type { MetricsRegistry } from './metrics.js';

export interface ManagementListener {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Whoever asks every quarter of a minute keeps his connection: one that is closed just when he asks again looks as if the process had
 * died. Nor is a request given up that came while the process was too busy to read it.
 */
const LIMITS = { keepAliveTimeout: 65_000, requestTimeout: 60_000 };

export async function listenForManagement(
  host: string,
  port: number,
  health: HealthRegistry,
  metrics: MetricsRegistry,
): Promise<ManagementListener> {
  const server = createServer(LIMITS, (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/metrics') return metrics.write(request, response);
    if (path === '/livez') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
    if (path !== '/readyz') return void response.writeHead(404).end();
    const report = health.report();
    response
      .writeHead(report.ready ? 200 : 503, { 'content-type': 'application/json' })
      .end(`${JSON.stringify(report)}\n`);
  });
  if (host.startsWith('/')) listenOnPath(server, host);
  else server.listen(port, host);
  await once(server, 'listening');
  return { url: urlOf(server, host), close: () => close(server) };
}

/** Whoever was killed has left its socket behind. */
function listenOnPath(server: Server, path: string): void {
  rmSync(path, { force: true });
  server.listen(path, () => chmodSync(path, 0o600));
}

function urlOf(server: Server, host: string): string {
  if (host.startsWith('/')) return `unix:${host}`;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
