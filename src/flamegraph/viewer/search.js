// Searching names.

// Which names match, and what part of a graph is under those.
class Search {
  constructor(names) {
    this.names = names;
    const lengths = names.map((name) => name.length);
    this.size = lengths.reduce((sum, length) => sum + length, names.length);
    this.longest = lengths.reduce((longest, length) => Math.max(longest, length), 0);
    this.isMatch = new Uint8Array(names.length);
    this.isActive = false;
    this.last = null;
    // Why there was no search, and why it was one for plain text instead.
    this.error = '';
    this.note = '';
  }

  // Searches for a term; an empty one ends the search.
  run(query) {
    this.last = null;
    this.note = '';
    this.error = query.term ? this.mark(query) : '';
    this.isActive = query.term !== '' && this.error === '';
  }

  // Marks the names that match. Returns the error if that cannot be done.
  mark(query) {
    try {
      const matches = matcherOf(query, this.size, this.longest);
      // The first name is that of what is left out.
      for (let name = 1; name < this.names.length; name++) {
        this.isMatch[name] = matches(this.names[name]) ? 1 : 0;
      }
      return '';
    } catch (error) {
      return this.recover(query, error);
    }
  }

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

  matches(graph, node) {
    const name = graph.tree.name[node];
    return name > 0 && this.isMatch[name] === 1;
  }

  // The same as `find`, which is asked for more than once for what is shown.
  in(graph, top) {
    if (this.last?.graph !== graph || this.last.top !== top) {
      this.last = { graph, top, ...this.find(graph, top) };
    }
    return this.last;
  }

  // The frames at and below `top` that match, from left to right, and how many samples they have:
  // a match within a match counts once.
  find(graph, top) {
    const found = [];
    let [samples, counted] = [0, 0];
    for (let node = top; this.isActive && node < graph.end[top]; node++) {
      if (!this.matches(graph, node) || !(graph.total[node] > 0)) {
        continue;
      }
      found.push(node);
      // Callers around a function lie over the same samples as its callees.
      if (node >= counted && graph.row[node] >= Math.min(graph.row[top], 0)) {
        samples += graph.total[node];
        counted = graph.end[node];
      }
    }
    return { found, samples };
  }
}
