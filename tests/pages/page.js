// What the tests ask of a page; loaded before any script of the page.
globalThis.seen = (() => {
  "use strict";
  let shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  const all = (selector) => [...document.querySelectorAll(selector)];
  // A lazy picture in a closed box is not loaded until a reader opens it.
  const pictures = () => [...document.images].filter((image) => image.complete || image.checkVisibility());
  const frame = () => new Promise((done) => requestAnimationFrame(done));

  const loaded = () => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((entry) => /^(https?|file):/.test(entry.name));

  // What scrolls is a stop for the keyboard, with its name if it has one, and nothing else is.
  const stops = () => all("[data-scroll-name], pre, .cell_output > .output")
    .filter((box) => box.checkVisibility())
    .flatMap((box) => {
      const name = box.dataset.scrollName;
      const tall = !name && box.scrollHeight > box.clientHeight + 1;
      const scrolls = tall || box.scrollWidth > box.clientWidth + 1;
      const faults = [];
      if (scrolls && box.tabIndex !== 0) faults.push("scrolls and is no stop");
      if (!scrolls && box.tabIndex === 0) faults.push("is a stop and does not scroll");
      if (scrolls && (name ?? null) !== box.getAttribute("aria-label")) faults.push("scrolls under another name");
      return faults.map((fault) => `${fault}: ${box.outerHTML.slice(0, 80)}`);
    });
  const press = (selector) => all(selector).forEach((button) => button.checkVisibility() && button.click());

  return {
    // Bytes and names of what was loaded, once nothing more has come for a while.
    weight: async () => {
      for (let before = -1; before !== loaded().length; ) {
        before = loaded().length;
        await new Promise((done) => setTimeout(done, 150));
      }
      return [loaded().reduce((sum, entry) => sum + entry.encodedBodySize, 0), loaded().map((entry) => entry.name)];
    },
    // Scroll through the page so that lazy pictures load, as they do for a reader; wait for them.
    scroll: async () => {
      for (let y = 0; y < document.body.scrollHeight; y += 1000) {
        scrollTo(0, y);
        await frame();
      }
      await Promise.race([
        Promise.all(pictures().map((image) => image.decode().catch(() => {}))),
        new Promise((done) => setTimeout(done, 30_000)), // what is not there by then is broken
      ]);
      scrollTo(0, 0);
    },
    // Colors that fade from one scheme to the other are looked at once they have arrived.
    settled: async () => {
      await frame();
      await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
    },
    shift: () => shifted,
    broken: () => pictures().filter((image) => !image.naturalWidth).map((image) => image.src),
    overflow: () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    // Links within the page, as the finished page has them; "#" alone is its top.
    anchors: () => all('a[href^="#"]')
      .map((link) => decodeURIComponent(link.getAttribute("href").slice(1)))
      .filter((name) => name && !document.getElementById(name) && !document.getElementsByName(name).length),
    // The page's script is given some frames to follow what has become longer.
    stops: async () => {
      for (let k = 0; k < 60 && stops().length; k++) await frame();
      return stops();
    },
    // Every state that a reader can bring about at once: what is folded, then what is pressed.
    unfold: () => {
      for (const folded of all("details")) folded.open = true;
      press(".toggle-button");
    },
    press: () => {
      const buttons = ".copybtn, .theme-switch-button, .dropdown-toggle, .primary-toggle";
      for (const kind of [buttons, "fieldset input", ".search-button"]) press(kind);
    },
  };
})();
