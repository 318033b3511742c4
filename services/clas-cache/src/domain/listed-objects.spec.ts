import { describe, expect, it } from 'vitest';
import { AddressBook } from './address-book.js';
import { ListedObjects } from './listed-objects.js';

describe('objects of a list and its watch', () => {
  it('vanish when a newer list is complete without them', () => {
    const objects = new ListedObjects<string>();
    objects.set('a', 'e1', 'A');
    objects.set('b', 'e1', 'B');
    expect(objects.complete('e1')).toEqual([]);
    objects.set('b', 'e2', 'B');
    expect(objects.complete('e2')).toEqual(['a']);
    expect([...objects.values()]).toEqual(['B']);
  });

  it('vanish by age, not by when they were heard of: off the disk come newer ones before what the stream still has', () => {
    const objects = new ListedObjects<string>();
    objects.set('restored', 'e2', 'B');
    objects.set('gone while nobody watched', 'e1', 'A');
    expect(objects.complete('e2')).toEqual(['gone while nobody watched']);
    expect([...objects.values()]).toEqual(['B']);
  });

  it('vanish with a list of a watcher whose clock went back', () => {
    const objects = new ListedObjects<string>();
    objects.set('a', 'e9', 'A');
    objects.set('b', 'e3', 'B');
    expect(objects.complete('e3')).toEqual(['a']);
  });

  it('survive the end of an older list that is told late', () => {
    const objects = new ListedObjects<string>();
    objects.set('a', 'e1', 'A');
    objects.set('b', 'e2', 'B');
    expect(objects.complete('e1')).toEqual([]);
    expect(objects.complete('e2')).toEqual(['a']);
  });
});

describe('an address', () => {
  it('belongs to the newest that claims it, and falls back when that one goes', () => {
    const book = new AddressBook();
    book.claim('old', ['10.0.0.1', '10.0.0.2']);
    expect(book.claim('new', ['10.0.0.1'])).toEqual(['old']);
    expect(book.owned('old')).toEqual(['10.0.0.2']);
    // Saying it again does not make the old one newer.
    book.claim('old', []);
    book.claim('old', ['10.0.0.1']);
    expect(book.owner('10.0.0.1')).toBe('new');
    expect(book.forget('new')).toEqual(['old']);
    expect(book.owner('10.0.0.1')).toBe('old');
  });
});
