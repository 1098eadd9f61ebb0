// Packs text for the viewer's script, in the format of src/flamegraph/data/pack.rs and shorten.rs: more slowly than
// those, but into fewer characters.

const LITERAL = 0;
const LENGTH = 2;
const DISTANCE = 3;
const KINDS = 4;
const SYMBOLS = 257;
const MATCH = 256;

const MIN_MATCH = 3;
const MAX_CANDIDATES = 300;
const MAX_BITS = 12;
const PASSES = 6;

const DIGITS = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at)).filter((it) => !'&<>'.includes(it));

// A number as a symbol, and the number of bits that follow it.
function symbolOf(value) {
  const bits = 30 - Math.clz32(value);
  return value < 16 ? [value, 0] : [2 * (bits + 4) + (value >> bits), bits];
}

// For each position, the copies of the text there: [length, distance], each longer than the ones before.
function copiesIn(bytes) {
  const places = new Map();
  return Array.from(bytes, (_, at) => {
    const key = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    const before = places.get(key) ?? [];
    places.set(key, before);
    const copies = [];
    let longest = MIN_MATCH - 1;
    for (const from of before.slice(-MAX_CANDIDATES).reverse()) {
      let length = 0;
      while (at + length < bytes.length && bytes[from + length] === bytes[at + length]) {
        length++;
      }
      if (length > longest) {
        copies.push([length, at - from]);
        longest = length;
      }
    }
    before.push(at);
    return copies;
  });
}

// The parts that take the fewest bits, if `bitsOf` says how many a symbol takes: [length, distance], where a
// length of 1 is a literal.
function partsOf(bytes, copies, bitsOf) {
  const costs = new Float64Array(bytes.length + 1);
  const best = [];
  const numberCost = (kind, value) => {
    const [symbol, extra] = symbolOf(value);
    return bitsOf(kind, symbol) + extra;
  };
  for (let at = bytes.length - 1; at >= 0; at--) {
    costs[at] = bitsOf(LITERAL, bytes[at]) + costs[at + 1];
    best[at] = [1, 0];
    let length = MIN_MATCH;
    for (const [most, distance] of copies[at]) {
      const fixed = bitsOf(LITERAL, MATCH) + numberCost(DISTANCE, distance - 1);
      for (; length <= most; length++) {
        const cost = fixed + numberCost(LENGTH, length - MIN_MATCH) + costs[at + length];
        if (cost < costs[at]) {
          [costs[at], best[at]] = [cost, [length, distance]];
        }
      }
    }
  }
  const parts = [];
  for (let at = 0; at < bytes.length; at += best[at][0]) {
    parts.push([bytes[at], ...best[at]]);
  }
  return parts;
}

// [kind, symbol, bits, how many bits] each.
function tokensOf(parts) {
  const number = (kind, value) => {
    const [symbol, count] = symbolOf(value);
    return [kind, symbol, value & ((1 << count) - 1), count];
  };
  return parts.flatMap(([byte, length, distance]) =>
    distance === 0
      ? [[LITERAL, byte, 0, 0]]
      : [[LITERAL, MATCH, 0, 0], number(LENGTH, length - MIN_MATCH), number(DISTANCE, distance - 1)],
  );
}

function countsOf(tokens) {
  const counts = Array.from({ length: KINDS }, () => new Array(SYMBOLS).fill(0));
  tokens.forEach(([kind, symbol]) => counts[kind][symbol]++);
  return counts;
}

// The lengths of the codes of a Huffman tree.
function huffman(counts) {
  let nodes = counts.flatMap((count, symbol) => (count > 0 ? [{ count, symbols: [symbol] }] : []));
  const lengths = new Array(counts.length).fill(0);
  if (nodes.length === 1) {
    lengths[nodes[0].symbols[0]] = 1;
  }
  while (nodes.length > 1) {
    nodes.sort((a, b) => a.count - b.count || a.symbols[0] - b.symbols[0]);
    const [a, b] = nodes;
    const symbols = [...a.symbols, ...b.symbols];
    symbols.forEach((symbol) => lengths[symbol]++);
    nodes = [{ count: a.count + b.count, symbols }, ...nodes.slice(2)];
  }
  return lengths;
}

function codeLengths(counts) {
  const lengths = huffman(counts);
  const isShort = lengths.every((length) => length <= MAX_BITS);
  return isShort ? lengths : codeLengths(counts.map((count) => count && (count >> 1) + 1));
}

class Writer {
  text = '';
  bits = 0;
  count = 0;

  push(bits, count) {
    this.bits = this.bits * 2 ** count + bits;
    this.count += count;
    for (; this.count >= 13; this.count -= 13) {
      const rest = 2 ** (this.count - 13);
      const pair = Math.floor(this.bits / rest);
      this.text += DIGITS[Math.floor(pair / 91)] + DIGITS[pair % 91];
      this.bits %= rest;
    }
  }
}

function write(tokens) {
  const writer = new Writer();
  writer.push(KINDS, 5);
  const codes = countsOf(tokens).map((counts) => {
    const all = codeLengths(counts);
    const lengths = all.slice(0, all.findLastIndex((length) => length > 0) + 1);
    writer.push(lengths.length, 9);
    lengths.forEach((length) => writer.push(length, 4));
    return codesOf(lengths);
  });
  for (const [kind, symbol, bits, count] of tokens) {
    const [code, length] = codes[kind][symbol];
    writer.push(code, length);
    writer.push(bits, count);
  }
  writer.push(0, 12);
  return writer.text;
}

// [code, length] by symbol.
function codesOf(lengths) {
  const codes = [];
  let next = 0;
  for (let length = 1; length <= MAX_BITS; length++) {
    next *= 2;
    lengths.forEach((of, symbol) => {
      if (of === length) {
        codes[symbol] = [next++, length];
      }
    });
  }
  return codes;
}

export function pack(text) {
  const bytes = Buffer.from(text);
  const copies = copiesIn(bytes);
  let bitsOf = (kind) => (kind === LITERAL ? 6 : 4);
  let best = null;
  for (let pass = 0; pass < PASSES; pass++) {
    const tokens = tokensOf(partsOf(bytes, copies, bitsOf));
    const counts = countsOf(tokens);
    const sums = counts.map((of) => of.reduce((sum, count) => sum + count, 0));
    bitsOf = (kind, symbol) => Math.log2((sums[kind] + 1) / (counts[kind][symbol] + 0.1));
    const packed = write(tokens);
    best = best !== null && best.length <= packed.length ? best : packed;
  }
  return best;
}
