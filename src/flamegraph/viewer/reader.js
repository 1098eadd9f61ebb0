// @ts-check
// Reads packed numbers and text; src/flamegraph/data/pack.rs and shorten.rs document the format.

// Kinds of numbers.
const LITERAL = 0;
const COLOR = 1;
const LENGTH = 2;
const DISTANCE = 3;
const CLOSED = 4;
const OPENED = 5;
const NAME = 6;
const COUNT = 7;
const BEFORE = 8;
const MODULE = 9;
const CHOICE = 10;

const MAX_BITS = 12;
const MIN_MATCH = 3;

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.pairs = pairsIn(text);
    this.at = 0;
    this.bits = 0;
    this.count = 0;
    this.tables = [];
    for (let kinds = this.take(5); kinds > 0; kinds--) {
      this.tables.push(tableOf(Array.from({ length: this.take(9) }, () => this.take(4))));
    }
  }

  // Makes at least 16 bits available.
  fill() {
    while (this.count < 16) {
      this.bits = (this.bits << 13) | this.pairs[this.at++];
      this.count += 13;
    }
  }

  /** @param {number} count */
  take(count) {
    this.fill();
    this.count -= count;
    return (this.bits >>> this.count) & ((1 << count) - 1);
  }

  /** @param {number} kind */
  symbol(kind) {
    this.fill();
    const entry = this.tables[kind][(this.bits >>> (this.count - MAX_BITS)) & ((1 << MAX_BITS) - 1)];
    this.count -= entry & 15;
    return entry >> 4;
  }

  /** @param {number} kind */
  number(kind) {
    const symbol = this.symbol(kind);
    if (symbol < 16) {
      return symbol;
    }
    let value = 2 + (symbol & 1);
    for (let left = (symbol >> 1) - 5; left > 0; left -= 16) {
      const count = Math.min(left, 16);
      value = value * (1 << count) + this.take(count);
    }
    return value;
  }

  // A choice among `known` callees of a function.
  /** @param {number} known */
  choice(known) {
    return known === 0 ? 0 : this.number(CHOICE + Math.min(31 - Math.clz32(known), 5));
  }

  // The next `length` bytes of text.
  /** @param {number} length */
  string(length) {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const symbol = this.symbol(LITERAL);
      if (symbol < 256) {
        bytes[filled++] = symbol;
        continue;
      }
      const end = filled + MIN_MATCH + this.number(LENGTH);
      const distance = 1 + this.number(DISTANCE);
      for (; filled < end; filled++) {
        bytes[filled] = bytes[filled - distance];
      }
    }
    return new TextDecoder().decode(bytes);
  }
}

// The numbers of 13 bits that pairs of characters represent.
/** @param {string} text */
function pairsIn(text) {
  const digits = Uint8Array.from({ length: 128 }, (_, code) => digitOf(code));
  const pairs = new Uint16Array((text.length + 1) >> 1);
  for (let at = 0; at < pairs.length; at++) {
    pairs[at] = digits[text.charCodeAt(2 * at)] * 91 + digits[text.charCodeAt(2 * at + 1)];
  }
  return pairs;
}

// The digit that a character represents: those from `!` on, without `&`, `<` and `>`.
/** @param {number} code */
const digitOf = (code) => code - 33 - +(code > 38) - +(code > 60) - +(code > 62);

// By the next bits: a symbol, and the length of its code in the low bits.
/** @param {number[]} lengths */
function tableOf(lengths) {
  const table = new Uint16Array(1 << MAX_BITS);
  let filled = 0;
  for (let length = 1; length <= MAX_BITS; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) {
        table.fill((symbol << 4) | length, filled, (filled += 1 << (MAX_BITS - length)));
      }
    }
  }
  return table;
}
