/**
 * The name server's process of one Pod, started inside the Pod's network namespace and fed with the zone after every change. It must
 * be ended before the Pod's sandbox is: a process in a namespace keeps it alive.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { superviseProcess } from '../supervised-process.js';
import type { Zone } from './zone.js';

export interface DnsProcess {
  publish(zone: Zone): void;
  close(): Promise<void>;
}

const serverFile = fileURLToPath(new URL('../../../dist/node/dns/dns-server.js', import.meta.url));

/** The run folder is only an argument by which clean-up recognises the process. */
export function startDnsProcess(netns: string, runFolder: string, zone: Zone): DnsProcess {
  let current = zone;
  const server = superviseProcess({
    start: () => {
      const child = spawn(
        'nsenter',
        [`--net=${netns}`, process.execPath, '--max-old-space-size=64', serverFile, runFolder],
        {
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        },
      );
      sendZone(child, current);
      return child;
    },
  });
  return {
    publish: (next) => {
      current = next;
      sendZone(server.child(), next);
    },
    close: server.close,
  };
}

/** The channel of a process that is ending refuses; its successor gets the zone at its start. */
function sendZone(child: ChildProcess, zone: Zone): void {
  if (child.connected) child.send(zone, () => undefined);
}
