/** Keeps a page's answer fresh while the page is shown. */
import { useEffect, useState } from 'react';
import { KeyRefused } from './client.js';
import type { Api } from './client.js';
import { answered, failed, NOTHING_YET, pauseOf } from './live.calculator.js';
import type { Live } from './live.calculator.js';

export function useLive<T>(api: Api, path: string, onRefused: (why: string) => void): Live<T> {
  const [live, setLive] = useState<Live<T>>(NOTHING_YET);
  useEffect(() => {
    const gone = new AbortController();
    void askOn<T>({ api, path, onRefused, tell: setLive, signal: gone.signal });
    return () => gone.abort();
  }, [api, path, onRefused]);
  return live;
}

/** Ticks, so that "3 s ago" stays true between two answers. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

interface Asking<T> {
  readonly api: Api;
  readonly path: string;
  readonly onRefused: (why: string) => void;
  readonly tell: (live: Live<T>) => void;
  readonly signal: AbortSignal;
}

async function askOn<T>({ api, path, onRefused, tell, signal }: Asking<T>): Promise<void> {
  let live: Live<T> = NOTHING_YET;
  while (!signal.aborted) {
    try {
      live = answered(await api.get<T>(path, signal), Date.now());
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof KeyRefused) return onRefused(error.message);
      live = failed(live, error instanceof Error ? error.message : String(error), Date.now());
    }
    tell(live);
    await pause(pauseOf(live), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
