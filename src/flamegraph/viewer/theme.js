// @ts-check
// Dark or light. The choice is kept, where the browser lets a document store anything.

const THEME_KEY = 'flamegraph-theme';

function keptTheme() {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null;
  }
}

// Null is the theme of the system.
/** @param {string | null} theme */
function keepTheme(theme) {
  try {
    if (theme) {
      localStorage.setItem(THEME_KEY, theme);
    } else {
      localStorage.removeItem(THEME_KEY);
    }
  } catch {
    return;
  }
}

/** @param {Viewer} viewer */
function toggleTheme(viewer) {
  const isDark = !viewer.colors.isDark;
  viewer.theme = isDark === viewer.darkness.matches ? null : isDark ? 'dark' : 'light';
  if (viewer.picture.isDocument) {
    keepTheme(viewer.theme);
  }
  applyTheme(viewer);
}

/** @param {Viewer} viewer */
function applyTheme(viewer) {
  const { theme, darkness, isPrinting, colors, canvas, root } = viewer;
  const isWanted = theme ? theme === 'dark' : darkness.matches;
  colors.isDark = isWanted && !isPrinting;
  root.classList.toggle('dark', colors.isDark);
  paintLegend(root, colors);
  if (canvas.graph) {
    canvas.repaint();
    showModules(viewer);
  }
  updateTable(viewer);
  viewer.heat?.paint(colors.isDark);
}
