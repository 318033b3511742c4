/**
 * Tells the stubs of one Pod where to listen: a file per container, which its stub looks at again and again, because a Service may be
 * made, or changed, when the container has long been running.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import type { Pod, Service } from '../kube/kube-objects.js';
import { listenPorts } from './listen-ports.js';

const file = 'listen';

export class ExpectedPorts {
  private readonly written = new Map<string, string>();

  constructor(private readonly podFolder: string) {}

  /** What the container sees as its own; no container's name begins with a dot. */
  folderOf(container: string): string {
    return `${this.podFolder}/.expected/${container}`;
  }

  async tell(pod: Pod, services: readonly Service[]): Promise<void> {
    for (const spec of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      const text = listenPorts(pod, spec, services)
        .map((port) => `${port}\n`)
        .join('');
      if (this.written.get(spec.name) === text) continue;
      const folder = this.folderOf(spec.name);
      await mkdir(folder, { recursive: true });
      // As a whole or not at all: the stub may be reading.
      await writeFile(`${folder}/${file}.new`, text);
      await rename(`${folder}/${file}.new`, `${folder}/${file}`);
      this.written.set(spec.name, text);
    }
  }
}
