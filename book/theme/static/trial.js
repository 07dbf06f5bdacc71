// Small services to readers; every page reads well without them.
(() => {
  "use strict";

  // What scrolls must be reachable by keyboard, and a formula or a table then has a name, but only
  // while it scrolls: otherwise each formula of a chapter would be a stop on the way through it.
  // What is folded away waits until it is opened. All are asked before the first is answered, so
  // that the page is laid out once.
  const scrollers = [...document.querySelectorAll("[data-scroll-name], pre, .cell_output > .output")];
  const wide = (box) => box.scrollWidth > box.clientWidth + 1;
  const tall = (box) => !box.dataset.scrollName && box.scrollHeight > box.clientHeight + 1;
  const name = () => {
    const shown = scrollers.filter((box) => box.checkVisibility?.() ?? true);
    const scrolls = shown.map((box) => wide(box) || tall(box));
    shown.forEach((box, i) => {
      const { scrollName } = box.dataset;
      const attributes = { tabindex: "0", ...(scrollName && { role: "group", "aria-label": scrollName }) };
      for (const [key, value] of Object.entries(attributes))
        if (scrolls[i]) box.setAttribute(key, value);
        else box.removeAttribute(key);
    });
  };
  addEventListener("load", name); // formulas have their width once their fonts are there
  addEventListener("resize", name);
  addEventListener("toggle", name, true); // of a <details>
  addEventListener("click", ({ target }) => target.closest(".toggle") && name()); // of a folded box

  // The stock theme loads bootstrap.js (24 kB) for two things here: a menu, and a way back to the top
  // that shows while one scrolls up. Its third, a tooltip, browsers draw from `title`.
  const menu = document.querySelector(".dropdown-download-buttons");
  if (menu) {
    const button = menu.querySelector(".dropdown-toggle");
    const open = (opened) => {
      button.classList.toggle("show", opened);
      button.setAttribute("aria-expanded", opened);
    };
    addEventListener("click", ({ target }) => open(button.contains(target) && !button.matches(".show")));
    menu.addEventListener("focusout", ({ relatedTarget: next }) => next && !menu.contains(next) && open(false));
    menu.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      open(false);
      button.focus();
    });
  }
  const upwards = document.querySelector("#pst-back-to-top");
  if (upwards) {
    let before = scrollY;
    addEventListener("scroll", () => {
      if (scrollY === before) return;
      upwards.style.display = scrollY < before && scrollY > innerHeight ? "block" : "none";
      before = scrollY;
    });
    upwards.addEventListener("click", () => scrollTo(0, 0));
  }

  // The search page quotes pages as text, where a formula stands three times: as MathML, as TeX and
  // as drawn. One is enough.
  if (typeof Search !== "undefined") {
    // From a folder no page may be fetched: its hits are listed without quotations.
    if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
    const htmlToText = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      page.querySelectorAll(".katex-html, annotation").forEach((copy) => copy.remove());
      return htmlToText(page.documentElement.outerHTML, anchor);
    };
  }

  // An open exercise takes a number or a word here too and answers as `check` does in a notebook
  // (book/trial/page/grading.py): unfit, right, a known mistake, close, or the next hint.
  const element = (name, attributes, ...children) => {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...children);
    return made;
  };
  const far = (exercise, answer, right) => {
    if (exercise.choices.length) return answer === right ? 0 : Infinity;
    const scale = Math.max(...right.map(Math.abs)) || 1;
    return Math.max(...answer.map((value, i) => Math.abs(value - right[i]))) / scale;
  };
  const grade = (exercise, answer, tries) => {
    const { choices, right } = exercise;
    if (!choices.length && !(answer.length === right.length && answer.every(Number.isFinite)))
      return ["unfit", `The answer must be ${right.length === 1 ? "a number" : `${right.length} numbers`}.`];
    const gap = far(exercise, answer, exercise.right);
    // The right answer stands here with 6 digits.
    const within = exercise.rtol && exercise.rtol + 1e-5;
    if (gap <= within) return ["right", exercise.because];
    for (const [mistake, hint] of exercise.mistakes)
      if (far(exercise, answer, mistake) <= within) return ["wrong", hint];
    if (gap <= 10 * exercise.rtol) return ["wrong", "Close, but more digits are wanted."];
    const at = Math.min(tries, exercise.hints.length - 1);
    return ["wrong", `Hint ${at + 1} of ${exercise.hints.length}: ${exercise.hints[at]}`];
  };
  document.querySelectorAll(".trial-check[data-exercise]").forEach((box) => {
    const exercise = JSON.parse(box.dataset.exercise);
    const words = box.querySelector(".trial-check-words");
    const label = box.querySelector(".trial-check-label");
    const options = exercise.choices.map((choice) => element("option", { textContent: choice }));
    const field = options.length
      ? element("select", {}, element("option", { value: "", textContent: "choose" }), ...options)
      : element("input", { autocomplete: "off", inputMode: "text", spellcheck: false });
    if (!options.length) {
      const numbers = (list) => list.map(Number);
      exercise.right = numbers(exercise.right);
      exercise.mistakes = exercise.mistakes.map(([answer, hint]) => [numbers(answer), hint]);
    }
    const count = exercise.right.length;
    const name = options.length || count === 1 ? "Your answer" : `Your ${count} numbers`;
    let tries = 0;
    const form = element(
      "form",
      { noValidate: true },
      element("label", {}, element("span", { textContent: name }), field),
      element("button", { type: "submit", textContent: "Check" }),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = field.value.trim();
      if (!given) return;
      // Between numbers a comma parts them; in a single number it may be the decimal sign.
      const between = count > 1 ? /[\s;,]+/ : /[\s;]+|,\s+/;
      const parts = given.replace(/[[\]()]/g, " ").trim().split(between);
      const answer = options.length ? given : parts.map((part) => Number(part.replace(",", ".")));
      const [state, said] = grade(exercise, answer, tries);
      if (said.startsWith("Hint ")) tries += 1;
      box.className = `trial-check trial-check-${state}`;
      label.textContent = { right: "Right", wrong: "Not yet", unfit: "Cannot be read" }[state];
      words.textContent = said;
    });
    words.before(form);
    words.textContent = words.textContent.replace(/ Write your answer.*$/, "");
  });

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
