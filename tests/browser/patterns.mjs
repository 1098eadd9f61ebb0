// Compares the viewer's pattern matching with RegExp, and tries patterns that hang RegExp.
//
//   node patterns.mjs [HOW_MANY]
//
// Run by tests/browser.rs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const directory = new URL('../../src/flamegraph/viewer/', import.meta.url);
const source = ['pattern.js', 'automaton.js'].map((name) => readFileSync(new URL(name, directory), 'utf8'));
const { matcherOf, Refusal } = new Function(`${source.join('')}; return { matcherOf, Refusal };`)();

// For texts so large that RegExp could take too long with any pattern.
const LARGE = 500_000_000;

function matcher(term, ignoreCase = false, isPlain = false) {
  return matcherOf({ term, ignoreCase, isPlain }, LARGE, LARGE);
}

// ---- Usual patterns ----

const NAMES = [
  '', 'main', 'Main', 'std::vec::Vec<T>::push', 'operator()', 'a.b', 'a\nb', '[kernel]', 'x{2}', 'xx',
  'foo_bar-baz 12', '\u00c5ngstr\u00f6m', '\u212a', 'k', '\u{1f600}', 'tokio::runtime::task::poll', 'aaa!', ']', '\\c',
];
const PATTERNS = [
  'main', '^main$', 'm.in', '^(?:std|core)::', 'Vec<.*>::push$', '\\bpoll\\b', '\\Bu\\B', '[A-Z]\\w*', '[^a-z]', '[]', '[^]',
  'a.b', 'a[^]b', '(a+)+$', '(a*)*!', '(?:)', '|', 'a|', '^$', 'x{2}', 'x{2', 'x{,2}', 'x{1,}$', '^x{0}$', 'x{2,3}?',
  '\\x61\\u0062?', '\\[k', ']', '}', '{', '\\.', '\\d+', '\\s', '\\S\\s\\S', '[\\b]', '[\\]]', '\\cJ', '\\0', '\\/', '/',
  '^(?!std)', 'task(?=::poll)', '(?<=::)task', '(?<!::)main', '(?<name>foo)_', '(?=.*poll)(?=.*task)^tokio', '(?!)', '(?=a)*b',
  '(?<!(?=a)a)a', '(?=a(?!a))a', '(?:(?=.)^)*m', '(?:\\b|x)+x', '\\u', '\\x', '\\p{L}', '\\e', '\\-', '.', '^.$', '[\\w-]+-b',
  '\ud83d', '\u{1f600}', 'k', '\\u212a', '[\\u2000-\\u3000]', '\u00e5',
];

function agree(term, names, ignoreCase) {
  const native = new RegExp(term, ignoreCase ? 'i' : '');
  const matches = matcher(term, ignoreCase);
  for (const name of names) {
    const what = `${JSON.stringify(term)} ${ignoreCase} in ${JSON.stringify(name)}`;
    assert.equal(matches(name), native.test(name), what);
  }
}

for (const term of PATTERNS) {
  agree(term, NAMES, false);
  agree(term, NAMES, true);
}

for (const term of NAMES) {
  const matches = matcher(term, false, true);
  const folding = matcher(term.toUpperCase(), true, true);
  for (const name of NAMES) {
    assert.equal(matches(name), name.includes(term), `${term} in ${name}`);
    assert.ok(folding(name) || !name.includes(term), `${term} in ${name}, ignoring case`);
  }
}

// ---- Unusual patterns ----

let seed = 7;
const random = (below) => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const oneOf = (choices) => choices[random(choices.length)];

function anyPattern(depth) {
  const part = () => anyPattern(depth - 1);
  const units = ['a', 'b', 'B', '.', '[ab]', '[^a]', '\\w', '\\W', '\\x61', '-', ']', '{', '\\D'];
  switch (random(depth > 0 ? 12 : 3)) {
    case 0:
    case 1:
      return oneOf(units);
    case 2:
      return oneOf(['^', '$', '\\b', '\\B', '']);
    case 3:
      return `${part()}|${part()}`;
    case 4:
      return `(${part()})`;
    case 5:
      return `(?:${part()})${oneOf(['*', '+', '?', '*?', '{2}', '{1,}', '{0,2}', '{0}', '{1,3}?'])}`;
    case 6:
      return `${oneOf(['(?=', '(?!', '(?<=', '(?<!'])}${part()})`;
    default:
      return part() + part();
  }
}

const anyText = () => Array.from({ length: random(9) }, () => oneOf(['a', 'b', 'A', 'B', '-', ' ', '\n'])).join('');

const howMany = Number(process.argv[2] ?? 3000);
for (let count = 0; count < howMany; count++) {
  const term = anyPattern(4);
  try {
    RegExp(term);
  } catch {
    assert.throws(() => matcher(term), SyntaxError, term);
    continue;
  }
  agree(term, Array.from({ length: 12 }, anyText), random(2) === 1);
}

// ---- Patterns that hang RegExp ----

const long = 'a'.repeat(100_000) + '!';
const HANGING = {
  '(a+)+$': false, '^(a|a)*$': false, '(a|aa)+$': false, '(?:a*)*b': false, '(.*)*x': false, '^(([a-z])+.)+[A-Z]$': false,
  '(a?){50}a{50}': true, 'a.*a.*a.*a.*a.*b': false, '\\s+$|a+b': false, '(?=(a+)+$)b': false, '(?<=^(a+)+)b': false,
  '(?!(a+)+$)a': true, '(?:(?:a+)+)+$': false, '(a{1,40}){1,40}b': false,
};
for (const [term, expected] of Object.entries(HANGING)) {
  const matches = matcherOf({ term, ignoreCase: false, isPlain: false }, long.length, long.length);
  assert.equal(matches(long), expected, term);
}

// Patterns are rejected if they need an unbounded number of steps, or cannot be matched by an automaton.
const REFUSED = [
  '(a)\\1', '(?<n>a)\\k<n>', '((a{99}){99}){99}', '(){2147483647}', '(?:){99999999999999999999}',
  'a'.repeat(2001), '[ab]*a[ab]{900}c', Array.from({ length: 40 }, (_, at) => `(?=(b+)+${at})`).join(''),
];
const mixed = Array.from({ length: 200_000 }, () => oneOf(['a', 'b'])).join('');
for (const term of REFUSED) {
  const search = () => matcherOf({ term, ignoreCase: false, isPlain: false }, mixed.length, mixed.length)(mixed);
  assert.throws(search, Refusal, term.slice(0, 40));
}

// Large but simple patterns are matched.
for (const term of ['(?=a)(?=b)'.repeat(199), '('.repeat(990) + 'a' + ')'.repeat(990), 'b'.repeat(2000)]) {
  assert.equal(matcher(term)(long), term.startsWith('(('), term.slice(0, 40));
}
console.log('0 failed');
