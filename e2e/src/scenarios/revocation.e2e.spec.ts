/** A revoked rule ends the connections that it allowed, and only those. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatedRoles, provision, removeNamespace, ruleSet } from '../application.js';
import { api, eventually, HeldConnection, readyPod } from '../world.js';
import type { Pod } from '../world.js';

const NAMESPACE = 'revocation';
const scope = { app: 'revocation', env: 'test' };

describe('revoking a rule', () => {
  let server: Pod;
  let kept: Pod;
  let revoked: Pod;
  let keptRules: string;
  let revokedRules: string;
  const open: HeldConnection[] = [];

  beforeAll(async () => {
    await gatedRoles(NAMESPACE, 'rv', 7100, ['server', 'kept', 'revoked']);
    keptRules = await ruleSet('kept', scope, [
      { from: { role: 'rv-kept' }, to: { role: 'rv-server' }, port: 7100 },
    ]);
    revokedRules = await ruleSet('revoked', scope, [
      { from: { role: 'rv-revoked' }, to: { role: 'rv-server' }, port: 7100 },
    ]);
    await provision('both may');
    server = await readyPod(NAMESPACE, 'server');
    kept = await readyPod(NAMESPACE, 'kept');
    revoked = await readyPod(NAMESPACE, 'revoked');
  });
  afterAll(async () => {
    for (const connection of open) connection.close();
    await removeNamespace(NAMESPACE);
  });

  it('ends the established connection of the revoked rule; the other one does not notice', async () => {
    const stays = await HeldConnection.open(kept, server.address, 7100);
    const ends = await HeldConnection.open(revoked, server.address, 7100);
    open.push(stays, ends);

    await api.put(revokedRules, { enabled: false });
    await provision('revoked');
    await eventually('the revoked connection is silent', async () => !(await ends.alive()));
    expect(await stays.alive()).toBe(true);
    expect(keptRules).not.toBe(revokedRules);
  });

  it('lets it go on when it is allowed again', async () => {
    const [, ends] = open;
    await api.put(revokedRules, { enabled: true });
    await provision('allowed again');
    await eventually('the connection talks again', () => ends!.alive(), 60_000);
  });
});
