// @ts-check
// Searching the graph, and going from match to match.

// Searches without changing the URL.
/** @param {Viewer} viewer @param {string} term */
function searchFor(viewer, term) {
  viewer.query.term = term;
  const { search, canvas } = viewer;
  const wasActive = search.isActive;
  search.run(viewer.query);
  canvas.setCurrent(-1);
  if (wasActive || search.isActive) {
    updateTable(viewer);
  }
  if (viewer.hasGraph && (wasActive || search.isActive)) {
    canvas.repaint();
  }
  if (viewer.tools.showSearch(viewer.query)) {
    viewer.redraw();
    viewer.onScroll();
  }
  showMatched(viewer);
}

/** @param {Viewer} viewer @param {number} node */
function searchFunction(viewer, node) {
  searchName(viewer, viewer.canvas.titles.name(node));
}

/** @param {Viewer} viewer @param {string} name */
function searchName(viewer, name) {
  viewer.query.isPlain = true;
  finishSearch(viewer, name);
}

/** @param {Viewer} viewer @param {string} term */
function finishSearch(viewer, term) {
  searchFor(viewer, term ?? viewer.committed);
  viewer.committed = viewer.search.error === '' ? viewer.query.term : '';
  remember(viewer, false);
}

/** @param {Viewer} viewer @param {Partial<Query>} changes */
function changeQuery(viewer, changes) {
  Object.assign(viewer.query, changes);
  finishSearch(viewer, viewer.tools.isTyping ? viewer.tools.input.value : viewer.query.term);
}

/** @param {Viewer} viewer */
function showMatched(viewer) {
  viewer.tools.showMatched(matchedText(viewer));
}

/** @param {Viewer} viewer */
function matchedText(viewer) {
  const { error, note, isActive } = viewer.search;
  if (!isActive) {
    return error;
  }
  const { graph, current } = viewer.canvas;
  const top = viewer.stepsFrom ?? viewer.canvas.zoomed;
  const { found, samples } = viewer.search.in(graph, top);
  if (found.length === 0 && viewer.search.find(graph, 0).found.length === 0) {
    return 'No match' + note;
  }
  const whole = graph.total[top];
  const places = samples / whole < 0.0005 ? 2 : 1;
  const share = samples === whole ? '100%' : percentText(samples, whole, places);
  const at = found.indexOf(current);
  const frames = numbered(grouped(String(found.length)), 'frames');
  return `Matched: ${share}, ${at < 0 ? frames : `${grouped(String(at + 1))} of ${frames}`}${note}`;
}

// Goes to the next or previous match. A match that is too narrow to see is zoomed into; the next one is
// searched from the original zoom.
/** @param {Viewer} viewer @param {number} by */
function step(viewer, by) {
  const { canvas } = viewer;
  const top = viewer.stepsFrom ?? canvas.zoomed;
  const { found } = viewer.search.in(canvas.graph, top);
  if (found.length === 0 || !viewer.hasGraph) {
    return;
  }
  const at = found.indexOf(canvas.current);
  const node = found[(at + (at < 0 && by < 0 ? 0 : by) + found.length) % found.length];
  if (!canvas.isShown(node)) {
    // Not another entry in the browser's history for each match.
    viewer.zoomTo(canvas.visible.isWide(canvas.graph, node, top) ? top : node);
    remember(viewer, false);
    viewer.stepsFrom = top;
  }
  canvas.setCurrent(node);
  reveal(viewer, canvas.drawn(node));
  point(viewer, node);
  showMatched(viewer);
}
