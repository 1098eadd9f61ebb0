// @ts-check
// The view of the functions in a table, alone or beside the graph.

/** @param {Viewer} viewer */
function showTable(viewer) {
  const { profile, colors, search, table } = viewer;
  const { graph, zoomed } = viewer.canvas;
  /** @param {number} ticks */
  const textOf = (ticks) => countText(viewer, ticks);
  const isBrief = viewer.hasGraph || !viewer.picture.hasRoom;
  const columns = columnsOf({ profile, colors, isBrief, countText: textOf });
  /** @param {number} name */
  const isWanted = (name) => !search.isActive || search.isMatch[name] === 1;
  const rows = functionRows(graph, zoomed, profile, isWanted);
  rows.forEach((row) => (row.color = profile.modules?.color(row.number, colors.isDark)));
  table.isBesideGraph = viewer.hasGraph;
  table.show(columns, rows, { by: profile.isDifferential ? 'change' : 'total', isAscending: false });
}

/** @param {Viewer} viewer */
function updateTable(viewer) {
  if (viewer.table.isOpen) {
    showTable(viewer);
  }
}

// Beside the graph, a function of the table is searched for; else, its callers and callees are shown.
/** @param {Viewer} viewer @param {number} name */
function openFunction(viewer, name) {
  if (viewer.hasGraph) {
    searchName(viewer, viewer.profile.names[name]);
  } else {
    viewer.show({ view: 'sandwich', name });
  }
}
