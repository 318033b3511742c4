/** Many packets at once from inside one network namespace, by one small process: what became of each. */
import { spawn } from 'node:child_process';

export interface Packet {
  readonly proto: 6 | 17;
  readonly host: string;
  readonly port: number;
}
/** `refused`: an answer came all the same, so nothing on the way dropped it. */
export type Fate = 'open' | 'refused' | 'dropped';

/** TCP repeats its first packet after one and three seconds by itself; what got no answer until then was dropped. */
const SILENCE_MS = 4_000;

const SCRIPT = `
const { createSocket } = require('node:dgram');
const { connect } = require('node:net');
// A name-server query for the root: DNS answers it, an echo gives it back.
const QUERY = Buffer.from('abcd01000001000000000000' + '00' + '00020001', 'hex');
const silence = Number(process.argv[1]);
let left = 0;
const fates = [];
const told = (i, fate) => {
  if (fates[i] !== undefined) return;
  fates[i] = fate;
  if (--left === 0) process.stdout.write(JSON.stringify(fates), () => process.exit(0));
};
const tcp = (i, { host, port }) => {
  const socket = connect(port, host);
  socket.once('connect', () => { told(i, 'open'); socket.destroy(); });
  socket.once('error', (error) => told(i, error.code === 'ECONNREFUSED' ? 'refused' : 'dropped'));
};
const udp = (i, { host, port }) => {
  const socket = createSocket('udp4');
  socket.once('message', () => told(i, 'open'));
  socket.once('error', (error) => told(i, error.code === 'ECONNREFUSED' ? 'refused' : 'dropped'));
  // Again and again, as TCP does by itself: a queue on the way may be full for a moment.
  const send = () => fates[i] === undefined && (socket.send(QUERY), setTimeout(send, 1000));
  socket.connect(port, host, send);
};
let text = '';
process.stdin.on('data', (data) => (text += data)).on('end', () => {
  const packets = JSON.parse(text);
  left = packets.length;
  packets.forEach((packet, i) => (packet.proto === 6 ? tcp : udp)(i, packet));
  // In turns of this process: on a busy machine, where answers come late, they take as much longer. What has been
  // answered by then is heard first.
  const wait = (turns) =>
    turns > 0
      ? setTimeout(wait, 50, turns - 1)
      : setImmediate(() => setImmediate(() => packets.forEach((_, i) => told(i, 'dropped'))));
  wait(silence / 50);
});`;

/** `netns` null: the machine itself. */
export function burst(netns: string | null, packets: readonly Packet[]): Promise<Fate[]> {
  const node = [process.execPath, '-e', SCRIPT, String(SILENCE_MS)];
  const [command = '', ...args] = netns === null ? node : ['nsenter', `--net=${netns}`, ...node];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data: Buffer) => (text += data.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as Fate[]);
      else reject(new Error(`the burst in ${netns ?? 'the machine'} ended with ${code}`));
    });
    child.stdin.end(JSON.stringify(packets));
  });
}
