/** Whether packets pass between here and elsewhere: a new connection, or the address that the kernel would take for one. */
import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';

export interface Remote {
  readonly address: string;
  readonly port: number;
}

/** Refused is an answer too: the packets pass, there and back. */
export function isAnswering({ address, port }: Remote, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port, timeout: timeoutMs });
    const end = (reached: boolean): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'));
  });
}

/** Any: nothing is sent. */
const PORT = 9;

/** By which of our addresses the routes lead there; null: no way. A datagram socket that is connected has it. */
export function sourceTowards(address: string): Promise<string | null> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const end = (source: string | null): void => {
      socket.close();
      resolve(source);
    };
    socket.once('error', () => end(null));
    socket.connect(PORT, address, () => end(socket.address().address));
  });
}
