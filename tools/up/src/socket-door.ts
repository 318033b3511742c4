/**
 * A port of loopback that leads to a unix socket: the way for this machine's own tools to a process inside a network
 * namespace that listens to nobody on the network.
 */
import { connect, createServer } from 'node:net';

export function openDoor(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((visitor) => {
      const inside = connect(path);
      visitor.pipe(inside).pipe(visitor);
      for (const end of [visitor, inside])
        end.on('error', () => {
          visitor.destroy();
          inside.destroy();
        });
    });
    server.once('error', reject);
    // The stack ends with its processes, not with this.
    server.unref().listen(port, '127.0.0.1', resolve);
  });
}
