// @ts-check
// The interactive part of a flame graph. This text becomes part of every SVG, below eight variables with
// options (nametype, ...), as the body of one function. Since it is embedded in CDATA, inlined in HTML and
// stripped line by line, comments are on their own lines, strings do not span lines, and there are no CDATA
// ends or closing tags.
//
// The image is complete without it. With it, frames are drawn from the profile data in the file, and only
// those visible at the current zoom are elements. Several graphs may be inlined in one page: each script
// serves the graph it is in, looks up ids only below its own root, and does not change the page's URL and
// keys.

const SVG = 'http://www.w3.org/2000/svg';
const XHTML = 'http://www.w3.org/1999/xhtml';

// Copied now, because the script of the next graph in the page overwrites the variables.
const options = {
  nameType: nametype,
  fontSize: fontsize,
  padding: xpad,
  inverted,
  searchColor: searchcolor,
  fluid: fluiddrawing,
  cutRight: truncate_text_right,
};

// The padding of a label in pixels.
const LABEL_PADDING = 3;

// Widths are in pixels of a graph of the usual width. If there are many frames, those narrower than `WIDE` become
// elements later, if at all: modern frames have gaps between them, in which very narrow ones would vanish. When zoomed
// in, this applies to frames of at least `MIN_WIDTH`; otherwise, to those of at least the configured width.
const USUAL_WIDTH = 1180;
const FEW = 2_000;
const WIDE = { classic: 2, modern: 4 };
const MIN_WIDTH = 0.3;

// The limit on the number of frames that become elements, unless very narrow ones were requested.
const USUAL_MIN_WIDTH = 0.01;
const MAX_ELEMENTS = { usual: 14_000, asked: 60_000 };

// A profile with more frames is large, and gets special treatment.
const MANY = 2_000;

// The limit on the number of hidden elements to keep.
const MAX_KEPT = 80_000;

// The pause in typing before a search starts, in milliseconds.
const TYPING_PAUSE = 200;
