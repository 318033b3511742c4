/**
 * The name server's process of one Pod, started inside the Pod's network namespace and fed with the zone after every change. It must
 * be ended before the Pod's sandbox is: a process in a namespace keeps it alive.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Zone } from './zone.js';

export interface DnsProcess {
  publish(zone: Zone): void;
  close(): Promise<void>;
}

const serverFile = fileURLToPath(new URL('../../../dist/node/dns/dns-server.js', import.meta.url));
const restartPauseMs = 500;

/** The run folder is only an argument by which clean-up recognises the process. */
export function startDnsProcess(netns: string, runFolder: string, zone: Zone): DnsProcess {
  let current = zone;
  let isClosed = false;
  let child: ChildProcess;
  const start = (): void => {
    if (isClosed) return;
    child = spawn('nsenter', [`--net=${netns}`, process.execPath, '--max-old-space-size=64', serverFile, runFolder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    // The channel of a process that is ending refuses; its successor gets the zone at its start.
    child.on('error', () => undefined);
    child.on('exit', () => setTimeout(start, restartPauseMs));
    child.send(current, () => undefined);
  };
  start();
  return {
    publish: (next) => {
      current = next;
      if (child.connected) child.send(next, () => undefined);
    },
    close: async () => {
      isClosed = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
