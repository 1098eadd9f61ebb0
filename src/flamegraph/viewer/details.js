// @ts-check
// What is said about a frame: its title, its self count, and its share of the zoomed frame.

/** @param {Viewer} viewer @param {number} node */
function detailsOf(viewer, node) {
  const { canvas: { graph, zoom, titles }, inUnits, profile: { isDifferential, counts } } = viewer;
  const parts = [`${options.nameType} ${titles.description(node)}`];
  if (inUnits && !counts.isScaled) {
    parts.push(counts.human(graph.total[node]));
  }
  if (graph.own[node] !== graph.total[node] && graph.own[node] > 0) {
    parts.push(`self ${shareText(viewer, graph.own[node], graph.total[0])}`.replace('  ', ', '));
  }
  if (zoom.node !== 0 && !zoom.path.has(node)) {
    parts.push(`${percentText(graph.total[node], graph.total[zoom.node])} of the zoomed frame`);
  }
  if (isDifferential) {
    const [before, after] = [graph.before[node], graph.after[node]];
    const change = relativeText(before, after);
    parts.push(`before ${countText(viewer, before)}`, `after ${countText(viewer, after)}${change && ` (${change})`}`);
  }
  return parts.join(', ');
}

/** @param {Viewer} viewer @param {number} ticks @param {number} whole */
function shareText(viewer, ticks, whole) {
  return `${countText(viewer, ticks)}  ${percentText(ticks, whole)}`;
}

/** @param {Viewer} viewer @param {number} ticks */
function countText({ profile: { counts }, inUnits }, ticks) {
  return inUnits ? counts.human(ticks) : counts.text(ticks);
}

// Counts in larger units, or exactly.
/** @param {Viewer} viewer */
function toggleUnits(viewer) {
  const { counts } = viewer.profile;
  viewer.inUnits = !viewer.inUnits;
  counts.isScaled = counts.hasUnit && viewer.inUnits;
  updateTable(viewer);
  point(viewer, viewer.pointed);
}
