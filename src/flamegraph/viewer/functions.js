// @ts-check
// The rows of the table: the counts of each function.

// The columns of a table: a key of its rows, a heading, and the cell of a row: a text, and optionally a share
// for a bar, or a color. For a count, `whole` is the key of what it is a share of. A brief table has the most important
// ones.
/** @param {{ profile: Profile, colors: Colors, isBrief: boolean, countText: (ticks: number) => string }} of */
function columnsOf({ profile, colors, isBrief, countText }) {
  const name = { key: 'name', heading: 'Function', isName: true };
  /** @param {string} key @param {string} heading @param {string} whole @returns {Column} */
  const count = (key, heading, whole) => ({
    key,
    heading,
    whole,
    /** @param {Row} row */
    cell: (row) => {
      const short = percentText(row[key], row[whole]);
      return { text: `${countText(row[key])}  ${short}`, short, share: row[key] / row[whole] };
    },
  });
  /** @param {string} key @param {string} heading @returns {Column} */
  const change = (key, heading) => ({ key, heading, cell: (row) => ({ text: signed(row[key], countText) }) });
  if (!profile.isDifferential) {
    return [count('own', 'Self', 'whole'), count('total', 'Total', 'whole'), name];
  }
  const relative = {
    key: 'relative',
    heading: 'Change %',
    isRelative: true,
    /** @param {Row} row */
    cell: (row) => ({ text: relativeText(row.before, row.after), color: colors.ofChange(row.before, row.after) }),
  };
  const before = count('before', 'Before', 'wholeBefore');
  const after = count('after', 'After', 'wholeAfter');
  const changed = change('change', 'Change');
  return isBrief
    ? [after, changed, relative, name]
    : [before, after, changed, relative, change('ownChange', 'Self change'), name];
}

// The rows of functions at and below `top` for which `isWanted`.
/** @param {Graph} graph @param {number} top @param {Profile} profile @param {(name: number) => boolean} isWanted @returns {Row[]} */
function functionRows(graph, top, profile, isWanted) {
  const { functions, names } = profile;
  const { own, total } = functionCounts(graph, top, functions, graph.own, graph.total);
  const { tree } = graph;
  const before = profile.isDifferential && functionCounts(graph, top, functions, tree.ownBefore, graph.before);
  const after = profile.isDifferential && functionCounts(graph, top, functions, tree.own, graph.after);
  const rows = [];
  for (let number = 1; number < names.length; number++) {
    const isThere = total[number] > 0 || (before && (before.total[number] > 0 || after.total[number] > 0));
    if (!isThere || !isWanted(number)) {
      continue;
    }
    const row = { number, name: names[number], own: own[number], total: total[number], whole: graph.total[top] };
    rows.push(before ? { ...row, ...changesOf(number, before, after, graph, top) } : row);
  }
  return rows;
}

/** @param {number} number @param {Sums} before @param {Sums} after @param {Graph} graph @param {number} top */
function changesOf(number, before, after, graph, top) {
  return {
    before: before.total[number],
    after: after.total[number],
    change: after.total[number] - before.total[number],
    relative: relativeChange(before.total[number], after.total[number]),
    ownChange: after.own[number] - before.own[number],
    wholeBefore: graph.before[top],
    wholeAfter: graph.after[top],
  };
}

// The self and inclusive counts of each function, by number, at and below `top`; nested frames of the same function
// count once.
/** @param {Graph} graph @param {number} top @param {Int32Array} functions @param {Float64Array} owns @param {Float64Array} totals */
function functionCounts(graph, top, functions, owns, totals) {
  const own = new Float64Array(functions.length);
  const total = new Float64Array(functions.length);
  const open = new Int32Array(functions.length);
  const path = [];
  for (let node = Math.max(top, 1); node < graph.end[top]; node++) {
    while (path.length > 0 && graph.end[path[path.length - 1]] <= node) {
      open[functions[graph.tree.name[path.pop()]]]--;
    }
    const name = functions[graph.tree.name[node]];
    own[name] += owns[node];
    total[name] += open[name] === 0 ? totals[node] : 0;
    open[name]++;
    path.push(node);
  }
  return { own, total };
}

// The function with the largest self count.
/** @param {Graph} graph @param {Int32Array} functions */
function hottest(graph, functions) {
  const { own } = functionCounts(graph, 0, functions, graph.own, graph.total);
  return own.reduce((best, count, number) => (count > own[best] ? number : best), 1);
}

/** @param {number} change @param {(count: number) => string} textOf */
function signed(change, textOf) {
  const sign = change > 0 ? '+' : change < 0 ? '-' : '';
  return sign + textOf(Math.abs(change));
}

// `+30.00%`, `new` or `gone`.
/** @param {number} before @param {number} after */
function relativeText(before, after) {
  if (before === 0 || after === 0) {
    return before === after ? '' : after === 0 ? 'gone' : 'new';
  }
  return changeText(after - before, before);
}
