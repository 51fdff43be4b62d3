// Measurements in the page, for checks.py. They look at what is drawn, so they hold for any page and any Airflow.
window.shots = (() => {
  const MIN = 3; // pixels; texts for screen readers are boxes of one pixel
  const TOUCH = 2; // pixels that two texts may share sideways
  const SHARE = 0.35; // of the lower line's height: fonts reach a little above and below their lines
  const FILLED = 0.15; // the same, if one of them has a background

  const toasts = [];
  const collect = () => {
    for (const toast of document.querySelectorAll('[data-scope=toast][data-part=root][data-type=error]')) {
      if (!toast.dataset.shotsSeen && toast.innerText.trim()) {
        toast.dataset.shotsSeen = 'yes';
        toasts.push(toast.innerText.trim().replace(/\s+/g, ' '));
      }
    }
  };
  // A toast goes away after seconds, so it is noted when it appears.
  new MutationObserver(collect).observe(document, {childList: true, subtree: true});

  const visible = (e) => e.checkVisibility({visibilityProperty: true, opacityProperty: true});

  const intersection = (a, b) => ({
    left: Math.max(a.left, b.left),
    right: Math.min(a.right, b.right),
    top: Math.max(a.top, b.top),
    bottom: Math.min(a.bottom, b.bottom),
  });

  // What of a box can be seen: parts outside a scrolling or clipping ancestor cannot.
  const clipped = ({left, right, top, bottom}, element) => {
    let box = {left, right, top, bottom};
    for (let e = element; e && e !== document.body; e = e.parentElement) {
      if (getComputedStyle(e).overflow !== 'visible' && getComputedStyle(e).display !== 'inline') {
        box = intersection(box, e.getBoundingClientRect());
      }
    }
    return box;
  };

  const texts = function* (root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      // An editor draws its lines in layers; a picture's text is part of the picture.
      if (node.data.trim() && visible(parent) && !parent.closest('.monaco-editor, svg, script, style, option')) yield node;
    }
  };

  // A background is drawn as well, as that of code in a sentence: it may cover the line above.
  const drawn = (node) => {
    const {display, backgroundColor} = getComputedStyle(node.parentElement);
    if (display === 'inline' && !/^transparent$|, 0\)$/.test(backgroundColor)) return node.parentElement;
    const range = document.createRange();
    range.selectNodeContents(node);
    return range;
  };

  const boxes = (node) => {
    const of = drawn(node);
    return [...of.getClientRects()]
      .map((rect) => clipped(rect, node.parentElement))
      .filter((box) => box.right - box.left >= MIN && box.bottom - box.top >= MIN)
      .map((box) => ({...box, node, filled: of instanceof Element}));
  };

  const overlap = (a, b) => {
    const {left, right, top, bottom} = intersection(a, b);
    const low = Math.min(a.bottom - a.top, b.bottom - b.top);
    const share = a.filled !== b.filled ? FILLED : SHARE;
    return a.node !== b.node && right - left > TOUCH && bottom - top > share * low;
  };

  // Whether a text is drawn at all: something opaque may lie over it, as a dialog does.
  const onTop = (box) => {
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    const hit = document.elementFromPoint(x, y);
    return !hit || hit.contains(box.node) || box.node.parentElement.contains(hit);
  };

  const quoted = (node) => node.data.trim().replace(/\s+/g, ' ').slice(0, 60);

  return {
    toasts: () => toasts.splice(0),

    // The page's text when nothing moves or loads, else null. Digits are left out, as durations count.
    settled: () => {
      const busy = [...document.querySelectorAll('[role=progressbar], .chakra-skeleton, .chakra-spinner')].some(visible);
      const moving = document.getAnimations().some(
        (a) => a.playState === 'running' && a.effect.getComputedTiming().endTime !== Infinity);
      return busy || moving || document.fonts.status !== 'loaded' ? null : document.body.innerText.replace(/\d/g, '');
    },

    // Pairs of texts that are drawn over each other.
    overlaps: (root) => {
      const all = [...texts(root)].flatMap(boxes).sort((a, b) => a.top - b.top);
      const found = new Map();
      all.forEach((a, n) => {
        for (let m = n + 1; m < all.length && all[m].top < a.bottom; m++) {
          const b = all[m];
          if (overlap(a, b) && (onTop(a) || onTop(b))) found.set(quoted(a.node) + '|' + quoted(b.node), [quoted(a.node), quoted(b.node)]);
        }
      });
      return [...found.values()];
    },

    // Shows another text wherever the page has one. What a form sends stays as it was: no field hears of it.
    replace: (text, other) => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.data.includes(text)) node.data = node.data.replaceAll(text, other);
      }
      for (const field of document.querySelectorAll('input, textarea')) {
        if (field.value.includes(text)) field.value = field.value.replaceAll(text, other);
      }
    },

    // Addresses that lead out of Airflow.
    links: (root) => [...new Set([...root.querySelectorAll('a[href]')]
      .filter((a) => visible(a) && /^[a-z]+:/i.test(a.getAttribute('href')) && a.origin !== location.origin)
      .map((a) => a.getAttribute('href')))],

    // Lines of the log that end beyond its window. A traceback's frames are the viewer's own, and fold away.
    cut: (log) => {
      const edge = log.getBoundingClientRect().left + log.clientLeft + log.clientWidth;
      const ends = new Map();
      for (const node of texts(log)) {
        const line = node.parentElement.closest('summary, [data-index]');
        if (!line || (node.parentElement.closest('details') && line.tagName !== 'SUMMARY')) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        ends.set(line, Math.max(ends.get(line) ?? 0, ...[...range.getClientRects()].map((rect) => rect.right)));
      }
      return [...ends].filter(([, end]) => end > edge + 1).map(([line, end]) => ({
        text: (line.querySelector('.event') ?? line).innerText.trim().replace(/\s+/g, ' '),
        beyond: Math.round(end - edge),
        exception: line.tagName === 'SUMMARY',
      }));
    },

    // The field of a trigger form, with its label and its help.
    field: (name) => {
      const input = document.querySelector(`[name="element_${name}"]`) ?? document.getElementById(`element_${name}`);
      return input && input.closest('[role=group], tr');
    },
  };
})();
