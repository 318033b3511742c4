/** What of the machine decides about a test that touches it, as one text: part of the inputs of such targets. */
import { execFileSync } from 'node:child_process';
import { release } from 'node:os';

function version(command, ...args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return `no ${command}`;
  }
}

process.stdout.write(
  [
    `kernel ${release()}`,
    `node ${process.version}`,
    `user ${process.getuid()}`,
    version('nft', '--version'),
    version('nats-server', '--version'),
    version('containerd', '--version'),
    version('runc', '--version'),
    version('conntrack', '--version'),
  ].join('\n'),
);
