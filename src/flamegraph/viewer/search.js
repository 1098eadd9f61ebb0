// @ts-check
// Searches names.

// The names that match, and the part of a graph that is under them.
class Search {
  /** @param {string[]} names */
  constructor(names) {
    this.names = names;
    const lengths = names.map((name) => name.length);
    this.size = lengths.reduce((sum, length) => sum + length, names.length);
    this.longest = lengths.reduce((longest, length) => Math.max(longest, length), 0);
    this.isMatch = new Uint8Array(names.length);
    this.isActive = false;
    /** @type {any} */
    this.last = null;
    // Why there was no search, or why it was for plain text instead.
    this.error = '';
    this.note = '';
  }

  // Searches for a term; an empty one ends the search.
  /** @param {Query} query */
  run(query) {
    this.last = null;
    this.note = '';
    this.error = query.term ? this.mark(query) : '';
    this.isActive = query.term !== '' && this.error === '';
  }

  // Marks the names that match. Returns an error if the term is invalid.
  /** @param {Query} query @returns {string} */
  mark(query) {
    try {
      const matches = matcherOf(query, this.size, this.longest);
      // The first name is that of omitted frames.
      for (let name = 1; name < this.names.length; name++) {
        this.isMatch[name] = matches(this.names[name]) ? 1 : 0;
      }
      return '';
    } catch (error) {
      return this.recover(query, error);
    }
  }

  /** @param {Query} query @param {any} error @returns {string} */
  recover(query, error) {
    if (!(error instanceof Refusal)) {
      return 'Invalid pattern: ' + error.message.replace(/^.*: /, '');
    }
    if (query.isPlain || query.term.length > LONGEST_TERM) {
      return `Not searched: ${error.message}`;
    }
    this.note = ` (searched as plain text: ${error.message})`;
    return this.mark({ ...query, isPlain: true });
  }

  /** @param {Graph} graph @param {number} node */
  matches(graph, node) {
    const name = graph.tree.name[node];
    return name > 0 && this.isMatch[name] === 1;
  }

  // Caches the result of `find` for the visible graph.
  /** @param {Graph} graph @param {number} top */
  in(graph, top) {
    if (this.last?.graph !== graph || this.last.top !== top) {
      this.last = { graph, top, ...this.find(graph, top) };
    }
    return this.last;
  }

  // The frames at and below `top` that match, from left to right, and the number of their samples: nested
  // matches count once.
  /** @param {Graph} graph @param {number} top */
  find(graph, top) {
    const found = [];
    let [samples, counted] = [0, 0];
    for (let node = top; this.isActive && node < graph.end[top]; node++) {
      if (!this.matches(graph, node) || !(graph.total[node] > 0)) {
        continue;
      }
      found.push(node);
      // Callers around a function cover the same samples as its callees.
      if (node >= counted && graph.row[node] >= Math.min(graph.row[top], 0)) {
        samples += graph.total[node];
        counted = graph.end[node];
      }
    }
    return { found, samples };
  }
}
