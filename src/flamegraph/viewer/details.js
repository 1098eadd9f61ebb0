// @ts-check
// What is said about a frame: its title, its self count, and its share of the zoomed frame.

// A name is not cut to fewer letters.
const MIN_NAME = 6;

/** @param {Viewer} viewer @param {number} node @returns {Details} */
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
    const texts = [before, after].map((ticks) => countText(viewer, ticks));
    parts.push(`before ${texts[0]}, after ${texts[1]}${change && ` (${change})`}`);
  }
  return { parts, name: titles.name(node) };
}

// As much of the details as fits into `room` pixels: numbers are complete or left out. The name may be cut, but not
// before the type of names is left out.
/** @param {Font} font @param {Details} details @param {number} room */
function fitDetails(font, { parts, name }, room) {
  const least = Math.min(font.width(name), MIN_NAME * font.cell);
  for (let count = parts.length; count > 0; count--) {
    const text = parts.slice(0, count).join(', ');
    const at = text.indexOf(name);
    const rest = text.slice(at + name.length);
    const left = room - font.width(rest);
    if (font.width(text) <= room || at < 0) {
      return font.fit(text, room, keepBothEnds);
    }
    if (left >= least) {
      return font.fit(name, left, keepBothEnds) + rest;
    }
  }
  return font.fit(parts[0], room, keepBothEnds);
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
