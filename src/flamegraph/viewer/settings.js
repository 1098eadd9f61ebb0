// The interactive part of a flame graph. This text becomes part of every SVG, below eight variables
// that hold options (nametype, ...), as the body of one function. So that it can be written in
// CDATA, inlined in HTML and shortened line by line, a comment has a line of its own, a string never
// spans two, and no CDATA end or closing tag occurs.
//
// The picture is complete without it. With it, its frames are drawn from the profile that the
// file holds as data, and only those that can be seen at the current zoom are elements. Several
// graphs may be inlined in one page: each script serves the graph it stands in, looks up ids below
// its own root only, and leaves the page's URL and keys alone.

const SVG = 'http://www.w3.org/2000/svg';
const XHTML = 'http://www.w3.org/1999/xhtml';

// Taken now: the script of the next graph in the page overwrites the variables.
const options = {
  nameType: nametype,
  fontSize: fontsize,
  padding: xpad,
  inverted,
  searchColor: searchcolor,
  fluid: fluiddrawing,
  cutRight: truncate_text_right,
};

// Between a label and the edges of its frame, in pixels.
const LABEL_PADDING = 3;

// Widths are in pixels of a graph of the usual width. Where there are more than a few frames, those
// narrower than `WIDE` become elements later, if at all. Zoomed in, that is from `LEAST_WIDTH`
// on; at the top zoom, from the least width that was asked for.
const USUAL_WIDTH = 1180;
const FEW = 2_000;
const WIDE = 2;
const LEAST_WIDTH = 0.3;

// More frames than this do not all become elements; more do if very narrow ones were asked for.
const USUAL_MIN_WIDTH = 0.01;
const MOST_ELEMENTS = { usual: 14_000, asked: 60_000 };

// A profile of more frames is large: what is done for its sake is not done for others.
const MANY = 2_000;

// More elements than this are not kept for when they are seen again.
const MOST_KEPT = 80_000;

// How long typing must pause before the search follows it, in milliseconds.
const TYPING_PAUSE = 200;
