// Frames that are too narrow to distinguish from their neighbors.

// Draws them as one path, and search matches as another one.
class Narrow {
  constructor(svg) {
    svg.querySelector('#narrow')?.remove();
    this.paths = ['narrow', 'narrow-matches'].map((id) => create(SVG, 'path', { id }, null));
  }

  // Joins frames in a row into runs, so that there are no more segments than pixels. `nodes` are sorted from
  // left to right in each row.
  draw(graph, zoomed, nodes, isMatch, picture) {
    const scale = USUAL_WIDTH / graph.total[zoomed];
    const first = graph.start[zoomed];
    const [low, high] = picture.rows;
    const runs = [0, 1].map(() => new Runs(low, high));
    for (const node of nodes) {
      const row = graph.row[node];
      if (row >= low && row <= high) {
        const from = (graph.start[node] - first) * scale;
        runs[isMatch?.(node) ? 1 : 0].add(row, from, from + graph.total[node] * scale);
      }
    }
    this.paths.forEach((path, kind) => path.setAttribute('d', runs[kind].finish(picture)));
    this.resize(picture);
  }

  paint(color) {
    this.paths[0].setAttribute('fill', color);
    this.paths[1].setAttribute('fill', options.searchColor);
  }

  // Paths do not support percentages.
  resize(picture) {
    const scale = `scale(${picture.framesWidth() / USUAL_WIDTH} 1)`;
    this.paths.forEach((path) => path.setAttribute('transform', scale));
  }
}

// Segments of each row, in pixels of a graph of the usual width.
class Runs {
  constructor(low, high) {
    this.low = low;
    this.from = new Float64Array(high - low + 1).fill(-1);
    this.to = new Float64Array(high - low + 1).fill(-2);
    this.ended = [];
  }

  add(row, from, to) {
    const at = row - this.low;
    if (from - this.to[at] < 1 && this.from[at] >= 0) {
      this.to[at] = to;
      return;
    }
    this.end(at);
    this.from[at] = from;
    this.to[at] = to;
  }

  end(at) {
    if (this.from[at] >= 0) {
      this.ended.push(at, this.from[at], Math.max(this.to[at] - this.from[at], 0.3));
    }
  }

  // All segments as the data of a path.
  finish(picture) {
    this.from.forEach((_, at) => this.end(at));
    const height = picture.rowHeight - 1;
    const parts = [];
    for (let at = 0; at < this.ended.length; at += 3) {
      const y = picture.rowY(this.ended[at] + this.low);
      const wide = hundredths(this.ended[at + 2]);
      parts.push(`M${hundredths(this.ended[at + 1])} ${y}h${wide}v${height}h-${wide}z`);
    }
    return parts.join('');
  }
}

const hundredths = (value) => Math.round(value * 100) / 100;
