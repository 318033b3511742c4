/** Asks for an API key, tries it, and hands it on when the gateway knows it. */
import { useState } from 'react';
import type { FormEvent } from 'react';
import { apiClient, KeyRefused } from '../api/client.js';
import { readCredential } from '../api/credential.js';
import type { Credential } from '../api/credential.js';

interface Props {
  /** Why somebody who was signed in is here; empty: they are not, or they wanted it. */
  readonly reason: string;
  readonly onSignIn: (credential: Credential) => void;
}

export function SignInPage({ reason, onSignIn }: Props) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState(reason);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const tried = await tryKey(text);
    setBusy(false);
    if (typeof tried === 'string') setProblem(tried);
    else onSignIn(tried);
  };
  return (
    <main className="sign-in">
      <form onSubmit={submit}>
        <h1>Ringfence</h1>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          type="password"
          autoComplete="current-password"
          autoFocus
          placeholder="api_…:secret"
          value={text}
          aria-describedby="hint"
          onChange={(event) => setText(event.target.value)}
        />
        <p id="hint" className="hint">
          Key and secret with a colon between them, as <code>npm start</code> prints them. Kept in this tab
          only.
        </p>
        <p role="alert" className="problem">
          {problem}
        </p>
        <button type="submit" className="main" disabled={isBusy || text.trim() === ''}>
          {isBusy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

/** The key, or in words why it is none. */
async function tryKey(text: string): Promise<Credential | string> {
  const credential = readCredential(text);
  if (credential === undefined)
    return 'This is no API key: it begins with api_ and has a colon before its secret.';
  try {
    await apiClient(credential).get('/users/login');
    return credential;
  } catch (error) {
    if (error instanceof KeyRefused) return 'The gateway does not know this key and secret.';
    return error instanceof Error ? `Not signed in: ${error.message}.` : String(error);
  }
}
