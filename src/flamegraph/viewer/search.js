// Searching names.

// A RegExp, null for no search, or the error that says why it is none.
function patternOf({ term, isPlain, ignoreCase }) {
  if (!term) {
    return null;
  }
  try {
    const source = isPlain ? term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : term;
    return new RegExp(source, ignoreCase ? 'i' : '');
  } catch (error) {
    return error;
  }
}

// Which names match, and what part of a graph is under those.
class Search {
  constructor(names) {
    this.names = names;
    this.isMatch = new Uint8Array(names.length);
    this.isActive = false;
    this.last = null;
  }

  run(pattern) {
    this.last = null;
    this.isActive = pattern !== null;
    // The first name is that of what is left out.
    for (let name = 1; name < this.names.length; name++) {
      this.isMatch[name] = this.isActive && pattern.test(this.names[name]) ? 1 : 0;
    }
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
