// Small services to readers; every page reads well without them.
(() => {
  "use strict";

  // What scrolls sideways must be reachable by keyboard and have a name, but only while it scrolls:
  // otherwise each formula of a chapter would be a stop on the way through it.
  const scrollers = document.querySelectorAll("[data-scroll-name]");
  const name = () => {
    const wide = [...scrollers].map((box) => box.scrollWidth > box.clientWidth + 1);
    scrollers.forEach((box, i) => {
      const attributes = { tabindex: "0", role: "group", "aria-label": box.dataset.scrollName };
      for (const [key, value] of Object.entries(attributes))
        if (wide[i]) box.setAttribute(key, value);
        else box.removeAttribute(key);
    });
  };
  name();
  addEventListener("load", name); // formulas have their width once their fonts are there
  addEventListener("resize", name);

  // The search page quotes pages as text, where a formula stands three times: as MathML, as TeX and
  // as drawn. One is enough.
  if (typeof Search !== "undefined") {
    const htmlToText = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      page.querySelectorAll(".katex-html, annotation").forEach((copy) => copy.remove());
      return htmlToText(page.documentElement.outerHTML, anchor);
    };
  }

  // The verdicts page: show one kind of verdict at a time.
  const filter = document.querySelector(".ledger-filter");
  if (!filter) return;
  const buttons = filter.querySelectorAll("button");
  const place = filter.querySelector("select");
  const show = () => {
    const kind = filter.querySelector('[aria-pressed="true"]').dataset.verdict;
    document.querySelectorAll("section:has(> .ledger-entry)").forEach((section) => {
      const elsewhere = place.value && section.id !== place.value;
      const entries = [...section.querySelectorAll(":scope > .ledger-entry")];
      entries.forEach((entry) => {
        entry.hidden = elsewhere || (kind && !entry.classList.contains(`verdict-${kind}`));
      });
      section.hidden = entries.every((entry) => entry.hidden);
    });
  };
  place.addEventListener("change", show);
  filter.addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (!chosen) return;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === chosen)));
    show();
  });
})();
