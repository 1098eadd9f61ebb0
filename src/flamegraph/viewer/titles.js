// @ts-check
// What frames are called.

class Titles {
  // `marks` has titles that the file states.
  /** @param {Profile} profile @param {Marks} marks */
  constructor(profile, marks) {
    this.profile = profile;
    this.marks = marks;
  }

  // Selects a graph; `isOriginal` if its nodes are those of the profile.
  /** @param {Graph} graph @param {boolean} isOriginal */
  use(graph, isOriginal) {
    this.graph = graph;
    this.isOriginal = isOriginal;
  }

  /** @param {number} node */
  name(node) {
    const name = this.graph.tree.name[node];
    return name < 0 ? 'all' : this.profile.names[name];
  }

  // The title of an element. In the classic theme, it has the published form, as in the file.
  /** @param {number} node */
  title(node) {
    const { counts, isModern } = this.profile;
    return isModern
      ? this.description(node)
      : this.describe(node, counts.named(this.graph.total[node]), roundedPercent);
  }

  // `NAME (1 sample, 5.67%)`.
  /** @param {number} node */
  description(node) {
    return this.describe(node, this.profile.counts.numbered(this.graph.total[node]), percentText);
  }

  /** @param {number} node @param {string} samples @param {(part: number, whole: number) => string} percentOf */
  describe(node, samples, percentOf) {
    const { graph, profile } = this;
    const whole = graph.total[0];
    const own = this.isOriginal ? this.marks.titles.get(node) : undefined;
    if (own !== undefined) {
      return own;
    }
    if (graph.tree.name[node] < 0) {
      return `all (${samples}, 100%)`;
    }
    const change = profile.isDifferential
      ? `; ${changeText(this.change(node), whole, percentOf)}`
      : '';
    return `${this.name(node)} (${samples}, ${percentOf(graph.total[node], whole)}${change})`;
  }

  /** @param {number} node */
  change(node) {
    const change = this.graph.after[node] - this.graph.before[node];
    return this.profile.settings.negate ? -change : change;
  }
}
