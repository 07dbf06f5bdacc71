// What the tests ask of a page; loaded after axe and before any script of the page.
globalThis.seen = (() => {
  "use strict";
  let shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  // A lazy picture in a closed box is not loaded until a reader opens it.
  const pictures = () => [...document.images].filter((image) => image.complete || image.checkVisibility());
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const loaded = () => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((entry) => /^(https?|file):/.test(entry.name));

  // What axe's rules on colors are to see is marked, and only that: they take most of its time.
  const COLORS = ["color-contrast", "link-in-text-block"];
  axe.configure({
    rules: [{ id: COLORS[0], selector: "[data-axe]" }, { id: COLORS[1], selector: "a[data-axe]" }],
  });

  // Three elements of each kind of text: the same color, size and weight on the same ground.
  let chosen = new Map();
  const choose = () => {
    const grounds = new Map();
    chosen = new Map();
    for (const element of document.querySelectorAll("*")) {
      const style = getComputedStyle(element), above = grounds.get(element.parentElement) ?? "";
      const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.clip, style.filter];
      const ground = `${above}/${own}`.replace("/rgba(0, 0, 0, 0),none,1,auto,none", "");
      grounds.set(element, ground);
      const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!words && !element.matches("input, select, textarea")) continue;
      // axe passes over what a screen reader does not reach, so it cannot stand for its kind.
      if (element.closest("[aria-hidden=true]") || !element.checkVisibility({ visibilityProperty: true })) continue;
      const link = element.localName === "a" && [getComputedStyle(element.parentElement).color, style.textDecorationLine];
      const kind = [ground, style.color, style.fontSize, style.fontWeight, style.textShadow, link].join();
      const alike = chosen.get(kind) ?? chosen.set(kind, []).get(kind);
      if (alike.length < 3) alike.push(element);
    }
    return [...chosen.keys()];
  };

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
    anchors: () => [...document.querySelectorAll('a[href^="#"]')]
      .map((link) => decodeURIComponent(link.getAttribute("href").slice(1)))
      .filter((name) => name && !document.getElementById(name) && !document.getElementsByName(name).length),
    kinds: choose,
    // Run axe on the kinds that are new, with its other rules or without; each violation in words,
    // with the first element blamed.
    audit: async (all, fresh) => {
      const marked = fresh.flatMap((kind) => chosen.get(kind));
      for (const element of marked) element.dataset.axe = "";
      const only = all ? {} : { runOnly: COLORS };
      const { violations } = await axe.run(document, { resultTypes: ["violations"], ...only });
      for (const element of marked) delete element.dataset.axe;
      return violations.map((v) => [COLORS.includes(v.id), `axe ${v.id}: ${v.nodes[0].html.slice(0, 120)}`]);
    },
  };
})();
