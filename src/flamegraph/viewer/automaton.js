// @ts-check
// Matches a pattern in one pass over a text: a state is the set of all positions in the pattern that could
// have been reached. States are created when first needed, and reused afterwards.

class Automaton {
  // `isBackward` reads the text from its end to its start.
  /** @param {Part} tree @param {{ flags: string, isBackward: boolean, budget: Budget }} of */
  constructor(tree, { flags, isBackward, budget }) {
    this.flags = flags;
    this.isBackward = isBackward;
    this.budget = budget;
    // Conditions on a position in the text, by source.
    /** @type {any[]} */
    this.places = [];
    // Tests of code units, by source.
    this.units = new Map();
    // The first node is the end of the pattern.
    /** @type {any[]} */
    this.nodes = [{}];
    this.built = 0;
    this.start = this.build(tree, 0);
    this.tests = [...this.units.keys()].map((source) => new RegExp(`^${source}$`, flags));
    // Code units that no test distinguishes have the same kind; kind 0 is the end of the text.
    this.kindOf = new Uint16Array(65536);
    this.kinds = new Map([['', 0]]);
    this.passed = [''];
    this.states = new Map();
    this.first = this.state(false, []);
  }

  // ---- Building nodes from the pattern ----

  // Adds the nodes of `tree`, which are followed by `next`, and returns the first of them.
  /** @param {Part} tree @param {number} next @returns {number} */
  build(tree, next) {
    if (++this.built > MAX_NODES) {
      throw new Refusal('the pattern is too complex');
    }
    switch (tree.kind) {
      case 'unit':
        return this.push({ unit: this.unit(tree.source), next });
      case 'place':
      case 'look':
        return this.push({ place: this.place(tree), next });
      case 'choice':
        return this.push({ ways: tree.options.map((option) => this.build(option, next)) });
      case 'repeat':
        return this.repeat(tree, next);
      default: {
        /** @param {number} after @param {Part} part */
        const add = (after, part) => this.build(part, after);
        return this.isBackward ? tree.parts.reduce(add, next) : tree.parts.reduceRight(add, next);
      }
    }
  }

  /** @param {any} of @param {number} next */
  repeat({ part, least, most }, next) {
    let first = next;
    if (most === Infinity) {
      first = this.push({ ways: [next] });
      this.nodes[first].ways.push(this.build(part, first));
    }
    for (let count = least; most !== Infinity && count < most; count++) {
      first = this.push({ ways: [next, this.build(part, first)] });
    }
    for (let count = 0; count < least; count++) {
      first = this.build(part, first);
    }
    return first;
  }

  /** @param {any} node */
  push(node) {
    return this.nodes.push(node) - 1;
  }

  /** @param {string} source */
  unit(source) {
    if (!this.units.has(source)) {
      this.units.set(source, this.units.size);
    }
    return this.units.get(source);
  }

  /** @param {Part} part */
  place({ kind, source, body }) {
    const known = this.places.findIndex((place) => place.source === source);
    if (known >= 0) {
      return known;
    }
    // They are bits of an integer.
    if (this.places.length === 30) {
      throw new Refusal('the pattern is too complex');
    }
    return this.places.push(kind === 'look' ? this.look(source, body) : { source }) - 1;
  }

  // A lookahead is matched from the end of the text back to its position.
  /** @param {string} source @param {Part} body */
  look(source, body) {
    const { flags, budget } = this;
    const isBackward = !source.startsWith('?<');
    const isNegative = source[isBackward ? 1 : 2] === '!';
    return { source, isNegative, automaton: new Automaton(body, { flags, isBackward, budget }) };
  }

  // ---- Matching ----

  // Whether the pattern matches anywhere in the text. With `ends`, an array with an element for each position
  // in the text, records at which positions a match ends.
  /** @param {string} text @param {any} [ends] */
  run(text, ends = null) {
    const { length } = text;
    const { isBackward } = this;
    this.budget.spend(length);
    this.lookAround(text);
    let state = this.first;
    for (let read = 0; read <= length; read++) {
      const at = isBackward ? length - read : read;
      const code = text.charCodeAt(isBackward ? at - 1 : at);
      const kind = read === length ? 0 : this.kindOf[code] || this.learn(code);
      const held = this.places.length > 0 ? this.heldAt(text, at) : 0;
      state = state.next[held]?.[kind] ?? this.step(state, held, kind);
      if (ends) {
        ends[at] = state.isFound;
      } else if (state.isFound) {
        return true;
      }
    }
    return false;
  }

  /** @param {string} text */
  lookAround(text) {
    for (const place of this.places) {
      if (place.automaton) {
        place.ends = new Uint8Array(text.length + 1);
        place.automaton.run(text, place.ends);
      }
    }
  }

  // The conditions of the pattern that hold at this position, as bits.
  /** @param {string} text @param {number} at */
  heldAt(text, at) {
    let held = 0;
    for (let bit = 0; bit < this.places.length; bit++) {
      held |= isHeld(this.places[bit], text, at) ? 1 << bit : 0;
    }
    return held;
  }

  // The kind of a code unit that was not seen before.
  /** @param {number} code */
  learn(code) {
    this.budget.spend(this.tests.length);
    const text = String.fromCharCode(code);
    const passed = '+' + this.tests.map((test) => Number(test.test(text))).join('');
    if (!this.kinds.has(passed)) {
      this.kinds.set(passed, this.passed.push(passed) - 1);
    }
    return (this.kindOf[code] = this.kinds.get(passed));
  }

  // The state after another code unit, at a position where the conditions in `held` hold.
  /** @param {any} state @param {number} held @param {number} kind */
  step(state, held, kind) {
    const reached = this.reach(state.nodes, held);
    const passed = this.passed[kind];
    /** @param {any} of */
    const isPassed = ({ unit }) => passed[unit + 1] === '1';
    const nodes = reached.filter((at) => isPassed(this.nodes[at])).map((at) => this.nodes[at].next);
    const next = this.state(reached.includes(0), [...new Set(nodes)]);
    state.next[held] ??= [];
    state.next[held][kind] = next;
    return next;
  }

  // The units that may follow `nodes`, or the start, and the end of the pattern.
  /** @param {number[]} nodes @param {number} held */
  reach(nodes, held) {
    const pending = [...nodes, this.start];
    const seen = new Set();
    const reached = [];
    while (pending.length > 0) {
      const at = pending.pop();
      if (seen.has(at)) {
        continue;
      }
      seen.add(at);
      const { place, ways, next } = this.nodes[at];
      if (ways) {
        pending.push(...ways);
      } else if (place === undefined) {
        reached.push(at);
      } else if ((held >> place) & 1) {
        pending.push(next);
      }
    }
    // A new state is kept.
    this.budget.spend(10 * (seen.size + 20));
    return reached;
  }

  /** @param {boolean} isFound @param {number[]} nodes */
  state(isFound, nodes) {
    const key = `${isFound} ${nodes.sort((a, b) => a - b)}`;
    if (!this.states.has(key)) {
      this.states.set(key, { isFound, nodes, next: [] });
    }
    return this.states.get(key);
  }
}

/** @param {any} of @param {string} text @param {number} at */
function isHeld({ source, automaton, isNegative, ends }, text, at) {
  if (automaton) {
    return (ends[at] === 1) !== isNegative;
  }
  switch (source) {
    case '^':
      return at === 0;
    case '$':
      return at === text.length;
    default:
      return (isWord(text, at - 1) !== isWord(text, at)) === (source === '\\b');
  }
}

const WORD = Uint8Array.from({ length: 128 }, (_, code) => Number(/\w/.test(String.fromCharCode(code))));

/** @param {string} text @param {number} at */
const isWord = (text, at) => WORD[text.charCodeAt(at)] === 1;
