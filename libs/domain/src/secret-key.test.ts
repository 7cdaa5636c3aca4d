import { describe, expect, test } from 'bun:test';
import { newToken } from './identifiers.ts';
import { hashOfKey, newSecretKey, parseSecretKey } from './secret-key.ts';

describe('secret keys', () => {
  test('a key names its application', () => {
    for (let tries = 0; tries < 200; tries += 1) {
      const token = newToken();
      const key = newSecretKey(token);
      expect(key).toMatch(/^parley_sk_[0-9A-Za-z]{60}$/);
      expect(parseSecretKey(key)).toEqual({ token });
    }
    expect(parseSecretKey(newSecretKey('00000000-0000-4000-8000-000000000000'))?.token).toBe(
      '00000000-0000-4000-8000-000000000000',
    );
  });

  test('an admin key names none', () => {
    const key = newSecretKey();
    expect(key).toMatch(/^parley_ak_[0-9A-Za-z]{38}$/);
    expect(parseSecretKey(key)).toEqual({ token: undefined });
  });

  test('a key with one other character is none', () => {
    const key = newSecretKey(newToken());
    for (let place = 0; place < key.length; place += 1) {
      const other = key[place] === 'x' ? 'y' : 'x';
      expect(parseSecretKey(key.slice(0, place) + other + key.slice(place + 1))).toBeUndefined();
    }
    for (const wrong of ['', key.slice(1), `${key}x`, key.toUpperCase(), ` ${key}`, `${key}\n`]) {
      expect(parseSecretKey(wrong)).toBeUndefined();
    }
  });

  test('no two keys are the same, nor their hashes', () => {
    const token = newToken();
    const keys = Array.from({ length: 1_000 }, () => newSecretKey(token));
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(keys.map(hashOfKey)).size).toBe(keys.length);
    expect(hashOfKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
