// @ts-check
// Regular expressions that cannot hang the tab, even from an untrusted URL.
//
// RegExp tries one alternative after another, and for `(a+)+$`, each additional character of a name can
// double the time. Therefore, a pattern is parsed to determine how long RegExp could take at most. If that
// may be too long, it is matched by an automaton that reads each name once (automaton.js).

// Longer terms are rejected, and patterns that need more nodes are searched for as plain text.
const LONGEST_TERM = 2_000;
const MAX_NODES = 4_000;

// The limit on the steps of RegExp for a search, and on the additional steps of an automaton.
const MAX_TRIED = 200_000_000;
const MAX_STEPS = 50_000_000;

// The reason why a term is not searched for as written.
class Refusal extends Error {}

class Budget {
  /** @param {number} steps */
  constructor(steps) {
    this.left = steps;
  }

  /** @param {number} steps */
  spend(steps) {
    this.left -= steps;
    if (this.left < 0) {
      throw new Refusal('the pattern takes too long');
    }
  }
}

// Returns a function that tests a text. `size` is the size of all texts, `longest` that of one. Throws a
// SyntaxError if the pattern is invalid, or a Refusal.
/** @param {Query} query @param {number} size @param {number} longest @returns {(text: string) => boolean} */
function matcherOf({ term, isPlain, ignoreCase }, size, longest) {
  if (term.length > LONGEST_TERM) {
    throw new Refusal(`the search term has more than ${LONGEST_TERM} characters`);
  }
  const flags = ignoreCase ? 'i' : '';
  const tree = isPlain ? plainTree(term) : patternTree(term);
  if (size * effort(tree, longest).steps <= MAX_TRIED) {
    const pattern = new RegExp(isPlain ? quoted(term) : term, flags);
    return (text) => pattern.test(text);
  }
  const budget = new Budget(size + MAX_STEPS);
  const automaton = new Automaton(tree, { flags, isBackward: false, budget });
  return (text) => automaton.run(text);
}

// Upper bounds on the steps RegExp takes to match `tree` at one position of a text, and on the number of ways
// to match it, each of which is tried if the rest does not match.
/** @param {Part} tree @param {number} longest @returns {Cost} */
function effort(tree, longest) {
  /** @param {Part} part */
  const of = (part) => effort(part, longest);
  switch (tree.kind) {
    case 'sequence':
      return tree.parts.map(of).reduce(inTurn, { steps: 1, ways: 1 });
    case 'choice':
      return tree.options.map(of).reduce((a, b) => ({ steps: a.steps + b.steps, ways: a.ways + b.ways }));
    case 'repeat':
      return repeated(of(tree.part), tree, longest);
    case 'look':
      return { steps: of(tree.body).steps + 1, ways: 1 };
    default:
      return { steps: 1, ways: 1 };
  }
}

/** @param {Cost} a @param {Cost} b */
const inTurn = (a, b) => ({ steps: a.steps + a.ways * b.steps, ways: a.ways * b.ways });

/** @param {Cost} cost @param {Part} quantifier @param {number} longest */
function repeated({ steps, ways }, { least, most }, longest) {
  const times = most === Infinity ? Math.max(longest, least) : most;
  if (ways > 1 && times > 1) {
    return { steps: Infinity, ways: Infinity };
  }
  return { steps: 1 + times * steps, ways: times === 1 ? ways + 1 : times - least + 1 };
}

/** @param {string} text */
const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** @param {string} term */
function plainTree(term) {
  const parts = term.split('').map((unit) => ({ kind: 'unit', source: quoted(unit) }));
  return { kind: 'sequence', parts };
}

/** @param {string} term */
function patternTree(term) {
  RegExp(term);
  return new Parser(term).choice();
}

// Tokens of a pattern that RegExp accepts.
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y;
const PLACE = /\^|\$|\\[bB]/y;
const GROUP = /\((\?(?::|<?[=!]|<[^>]+>))?(?!\?)/y;
const UNIT =
  /\[(?:[^\]\\]|\\[^])*\]|\\(?:u[\da-f]{4}|x[\da-f]{2}|c[a-z]|0[0-7]{0,2}|[^ck\d])|[^\\[(]/iy;

// A unit matches one UTF-16 code unit: a character, an escape or a class.
class Parser {
  /** @param {string} source */
  constructor(source) {
    this.source = source;
    this.at = 0;
  }

  /** @returns {Part} */
  choice() {
    const options = [this.sequence()];
    while (this.source[this.at] === '|') {
      this.at++;
      options.push(this.sequence());
    }
    return options.length === 1 ? options[0] : { kind: 'choice', options };
  }

  /** @returns {Part} */
  sequence() {
    const parts = [];
    while (this.at < this.source.length && !'|)'.includes(this.source[this.at])) {
      parts.push(this.repeated(this.part()));
    }
    return { kind: 'sequence', parts };
  }

  /** @param {Part} part */
  repeated(part) {
    const found = this.take(QUANTIFIER);
    if (found === null) {
      return part;
    }
    const [, sign, low, comma, high] = found;
    const least = sign ? Number(sign === '+') : Number(low);
    const last = comma ? Infinity : least;
    const most = sign ? (sign === '?' ? 1 : Infinity) : high ? Number(high) : last;
    return { kind: 'repeat', part, least, most };
  }

  /** @returns {Part} */
  part() {
    const place = this.take(PLACE);
    if (place) {
      return { kind: 'place', source: place[0] };
    }
    const group = this.take(GROUP);
    if (group) {
      return this.group(group[1] ?? '');
    }
    const unit = this.take(UNIT);
    if (unit) {
      return { kind: 'unit', source: unit[0] };
    }
    const isEscape = this.source[this.at] === '\\';
    throw new Refusal(`the pattern has ${isEscape ? 'a backreference' : 'flags within'}`);
  }

  /** @param {string} mark @returns {Part} */
  group(mark) {
    const from = this.at;
    const body = this.choice();
    const isLook = /[=!]$/.test(mark);
    const source = mark + this.source.slice(from, this.at);
    this.at++;
    return isLook ? { kind: 'look', source, body } : body;
  }

  /** @param {RegExp} token */
  take(token) {
    token.lastIndex = this.at;
    const found = token.exec(this.source);
    this.at += found ? found[0].length : 0;
    return found;
  }
}
