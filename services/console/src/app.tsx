/** Who is signed in, and the page that they see. A page that is added gets a folder of its own and its place in here. */
import { useCallback, useMemo, useState } from 'react';
import { apiClient } from './api/client.js';
import { forgetCredential, keepCredential, keptCredential } from './api/credential.js';
import type { Credential } from './api/credential.js';
import { HealthPage } from './health/health.page.js';
import { SignInPage } from './sign-in/sign-in.page.js';

export function App() {
  const [credential, setCredential] = useState(keptCredential);
  const [reason, setReason] = useState('');
  const signOut = useCallback((why: string) => {
    forgetCredential();
    setReason(why);
    setCredential(undefined);
  }, []);
  const signIn = useCallback((given: Credential) => {
    keepCredential(given);
    setCredential(given);
  }, []);
  const api = useMemo(() => credential && apiClient(credential), [credential]);
  if (credential === undefined || api === undefined) return <SignInPage reason={reason} onSignIn={signIn} />;
  return (
    <>
      <header className="top">
        <span className="brand">Ringfence</span>
        <nav aria-label="Pages">
          <a href="/console/" aria-current="page">
            Health
          </a>
          <a href="/docs">API</a>
        </nav>
        <span className="who">{credential.key}</span>
        <button type="button" onClick={() => signOut('')}>
          Sign out
        </button>
      </header>
      <main>
        <HealthPage api={api} onRefused={signOut} />
      </main>
    </>
  );
}
