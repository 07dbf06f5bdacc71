// What axe says of a page, of which it is shown no more than its answer can depend on.
globalThis.audit = (() => {
  "use strict";
  // What axe's rules on colors are to judge is marked, and only that: they take most of its time.
  const COLORS = ["color-contrast", "link-in-text-block"];
  axe.configure({
    rules: [{ id: COLORS[0], selector: "[data-axe]" }, { id: COLORS[1], selector: "a[data-axe]" }],
  });

  // Three elements of each kind of text: the same color, size and weight on the same ground. axe
  // passes over what a screen reader does not reach, so that cannot stand for its kind.
  let chosen = new Map();
  const choose = () => {
    const { FILTER_ACCEPT, FILTER_REJECT, SHOW_ELEMENT } = NodeFilter;
    const seen = (element) => element.ariaHidden !== "true" && element.checkVisibility();
    const walk = document.createTreeWalker(document.documentElement, SHOW_ELEMENT,
      (element) => (seen(element) ? FILTER_ACCEPT : FILTER_REJECT));
    const grounds = new Map();
    chosen = new Map();
    for (let element = walk.root; element; element = walk.nextNode()) {
      const style = getComputedStyle(element), above = grounds.get(element.parentElement) ?? "";
      const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.clip, style.filter];
      const ground = `${above}/${own}`.replace("/rgba(0, 0, 0, 0),none,1,auto,none", "");
      grounds.set(element, ground);
      const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!words && !element.matches("input, select, textarea")) continue;
      if (style.visibility !== "visible") continue;
      const link = element.localName === "a" && [getComputedStyle(element.parentElement).color, style.textDecorationLine];
      const kind = [ground, style.color, style.fontSize, style.fontWeight, style.textShadow, link].join();
      const alike = chosen.get(kind) ?? chosen.set(kind, []).get(kind);
      if (alike.length < 3) alike.push(element);
    }
    return [...chosen.keys()];
  };

  // Run axe on a page that consists of the elements that `stand` lets through; what is in others
  // goes with them. The page itself is left as it is.
  const run = async (stands, options) => {
    const whole = Object.getOwnPropertyDescriptor(Node.prototype, "childNodes");
    const kept = (node) => node.nodeType !== Node.ELEMENT_NODE || stands(node);
    const filter = (node) => (kept(node) ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT);
    const lists = new Map(); // they are asked for many times
    const get = function () {
      return lists.get(this) ?? lists.set(this, [...whole.get.call(this)].filter(kept)).get(this);
    };
    Object.defineProperty(Node.prototype, "childNodes", { ...whole, get });
    document.createTreeWalker = (root, what) =>
      Document.prototype.createTreeWalker.call(document, root, what, filter);
    try {
      // For its rules on media alone: no rule that is run asks for the styles to be loaded again.
      const preload = { assets: ["media"], timeout: 10_000 };
      const { violations } = await axe.run(document, { resultTypes: ["violations"], preload, ...options });
      return violations.map((found) => `axe ${found.id}: ${found.nodes[0].html.slice(0, 120)}`);
    } finally {
      Object.defineProperty(Node.prototype, "childNodes", whole);
      delete document.createTreeWalker;
    }
  };

  // What is drawn of a formula is hidden from axe, but for what could take the focus or has a name.
  const NAMED = ":has(a, button, input, select, textarea, [id], [role], [tabindex])";
  const DRAWN = `.katex-html[aria-hidden=true]:not(${NAMED}) > *`;
  const structure = () => {
    const drawn = new Set(document.querySelectorAll(DRAWN));
    const rules = Object.fromEntries(COLORS.map((id) => [id, { enabled: false }]));
    return run((element) => !drawn.has(element), { rules });
  };

  // The kinds that are named, and what lies where they stand: nothing else gives them their colors.
  const colors = async (kinds) => {
    const marked = kinds.flatMap((kind) => chosen.get(kind));
    const places = marked.map((element) => element.getBoundingClientRect());
    const stands = new Set();
    const stand = (element) => {
      for (; element && !stands.has(element); element = element.parentElement) stands.add(element);
    };
    marked.forEach(stand);
    for (const element of document.querySelectorAll("*")) {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      if (left < right && places.some((at) => at.left < right && left < at.right && at.top < bottom && top < at.bottom))
        stand(element);
    }
    for (const element of marked) element.dataset.axe = "";
    const found = await run((element) => stands.has(element), { runOnly: COLORS });
    for (const element of marked) delete element.dataset.axe;
    return found;
  };

  return { kinds: choose, structure, colors };
})();
