// @ts-check
// The parts of the profile, such as its threads: the frames above the root. All are shown side by side or merged, or
// one of them alone. The only choice in a chart is whether it is merged.

// What is shown in place of the number of a part's name.
const SIDE_BY_SIDE = -1;
const MERGED = 0;

// Whether frames are in the order of time.
/** @param {Profile} profile @param {View} view */
function isInTime(profile, { part, isChart }) {
  return isChart || (profile.isChart && part !== MERGED);
}

// The tree of the profile, or of a range of its time, that is shown. In time order, parts are chosen by sample.
/** @param {Tree} tree @param {Profile} profile @param {number} shown */
function ofParts(tree, { isChart }, shown) {
  if (shown === SIDE_BY_SIDE || (tree.start && !isChart)) {
    return tree;
  }
  return isChart ? without(tree, () => false, -1) : withoutParts(tree, shown);
}

// The stacks of one part, or of all, without its frame. Those without a frame belong to no part.
/** @param {Tree} tree @param {number} shown */
function withoutParts(tree, shown) {
  const builder = new Builder();
  const place = new Int32Array(tree.size).fill(-1);
  place[0] = 0;
  for (let node = 1; node < tree.size; node++) {
    if (tree.depth[node] > 1) {
      const above = place[tree.parent[node]];
      place[node] = above < 0 ? -1 : builder.child(above, tree.name[node]);
    } else if (shown === MERGED || tree.name[node] === shown) {
      place[node] = 0;
    }
    if (place[node] >= 0) {
      builder.add(place[node], tree.own[node], tree.ownBefore[node]);
    }
  }
  builder.place = composed(tree.place, place);
  return builder.finish();
}

// The numbers of the parts' names, the largest part first; none if the user has no choice.
/** @param {Profile} profile */
function partsOf({ tree, settings }) {
  if (!settings.parts) {
    return [];
  }
  const graph = new Graph(tree, 'larger');
  const parts = graph.children(0).filter((node) => tree.name[node] > 0);
  parts.sort((a, b) => graph.total[b] - graph.total[a]);
  return parts.map((node) => ({ name: tree.name[node], share: percentText(graph.total[node], graph.total[0]) }));
}

// The number of a part's name; all side by side if there is no such part.
/** @param {Profile} profile @param {string} name @returns {number} */
function partNamed({ parts, names }, name) {
  return parts.find((part) => names[part.name] === name)?.name ?? SIDE_BY_SIDE;
}

// The button that says which parts are shown, and its menu.
/** @param {Viewer} viewer */
function partText({ profile, view }) {
  return wholeTexts(profile)[view.part] ?? profile.names[view.part];
}

/** @param {Profile} profile @returns {Record<number, string>} */
function wholeTexts({ isChart, settings: { parts } }) {
  return isChart
    ? { [SIDE_BY_SIDE]: 'In time order', [MERGED]: 'Merged' }
    : { [SIDE_BY_SIDE]: `All ${parts}`, [MERGED]: `All ${parts}, merged` };
}

// What a graph without samples says.
/** @param {Viewer} viewer */
function emptyText({ profile, view, filter, edits }) {
  const part = view.part > 0 ? ` of ${profile.names[view.part]}` : '';
  const time = view.time ? ' in the selected range of time' : '';
  const rest = filter.term || edits.length > 0 ? ' left' : '';
  return `No samples${rest}${part}${time}`;
}

/** @param {Viewer} viewer */
function partMenu(viewer) {
  const { parts, names } = viewer.profile;
  const texts = wholeTexts(viewer.profile);
  /** @param {number} part @param {string} text */
  const item = (part, text, key = '') => ({
    id: `part${part}`,
    text,
    key,
    isChecked: viewer.view.part === part,
    action: () => showPart(viewer, part),
  });
  return [
    item(SIDE_BY_SIDE, texts[SIDE_BY_SIDE]),
    item(MERGED, texts[MERGED]),
    null,
    ...parts.map(({ name, share }) => item(name, names[name], share)),
  ];
}

// Callers and callees are those of merged stacks.
/** @param {Viewer} viewer @param {number} part */
function showPart(viewer, part) {
  const needsMerged = viewer.profile.isChart && !hasFramesOfProfile(viewer);
  viewer.show(needsMerged && part !== MERGED ? { part, view: 'plain' } : { part });
}
