// @ts-check
// Keeps the theme, where the browser lets a document store anything.

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
