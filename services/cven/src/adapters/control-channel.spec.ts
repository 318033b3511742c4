/** Where the agent's control channel leads, as its node's own table must let it through. */
import { expect, it } from 'vitest';
import { ControlChannel } from './control-channel.js';

it('is each address of each name, with the port of the URL or of its protocol', async () => {
  const channel = new ControlChannel(async (name) =>
    name === 'nats' ? ['192.0.2.1', '2001:db8::1'] : [name],
  );
  expect(await channel.endpoints(['https://192.0.2.9', 'tls://nats, tls://[2001:db8::2]:4223'])).toEqual([
    { address: '192.0.2.9', port: 443 },
    { address: '192.0.2.1', port: 4222 },
    { address: '2001:db8::1', port: 4222 },
    { address: '2001:db8::2', port: 4223 },
  ]);
});

it('stays where it was while no name server answers, and follows when one does', async () => {
  let answer: string[] | undefined = ['192.0.2.1'];
  const channel = new ControlChannel(async () => answer);
  const endpoints = async (): Promise<string[]> =>
    (await channel.endpoints(['nats://nats'])).map(({ address }) => address);
  expect(await endpoints()).toEqual(['192.0.2.1']);
  answer = undefined;
  expect(await endpoints()).toEqual(['192.0.2.1']);
  answer = ['192.0.2.2'];
  expect(await endpoints()).toEqual(['192.0.2.2']);
});
