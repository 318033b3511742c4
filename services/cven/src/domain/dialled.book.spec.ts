import { describe, expect, it } from 'vitest';
import { DialledBook } from './dialled.book.js';

const DAY = 24 * 3_600_000;

describe('the book of what a node dials', () => {
  it('keeps what was seen once, over a restart too, and forgets what nobody dialled for long', () => {
    const book = new DialledBook();
    expect(book.see([{ address: '10.0.0.9', port: 6443 }], 0)).toBe(true);
    expect(book.see([], DAY)).toBe(false);
    const again = new DialledBook(book.toFile());
    expect(again.remotes).toEqual([{ address: '10.0.0.9', port: 6443 }]);
    expect(again.see([{ address: '10.0.0.8', port: 443 }], 20 * DAY)).toBe(true);
    expect(again.remotes).toEqual([{ address: '10.0.0.8', port: 443 }]);
  });

  it('keeps nothing of the node’s own Pods: their probes would push out whom it talks to seldom', () => {
    const registry = { address: '192.0.2.5', port: 443 };
    const book = new DialledBook();
    book.see([registry], 0);
    for (let pod = 0; pod < 300; pod += 1) {
      const address = `10.244.1.${pod % 250}`;
      expect(book.see([{ address, port: 8_000 + pod }], pod + 1, new Set([address]))).toBe(false);
    }
    expect(book.remotes).toEqual([registry]);
  });

  it('is not written for every look, and never grows without bound', () => {
    const book = new DialledBook();
    const remotes = Array.from({ length: 1_000 }, (_, i) => ({ address: '10.0.0.9', port: i + 1 }));
    expect(book.see(remotes, 0)).toBe(true);
    expect(book.remotes).toHaveLength(256);
    expect(new DialledBook(book.toFile()).see(remotes.slice(0, 10), 1_000)).toBe(false);
  });
});
