// What the browser makes of a style sheet, and which of its selectors match the open page.
window.styles = (() => {
  "use strict";

  // Commas inside brackets do not part two selectors.
  const parted = (selectors) => {
    const parts = [""];
    let depth = 0;
    for (const sign of selectors) {
      depth += "([".includes(sign) - ")]".includes(sign);
      if (sign === "," && !depth) parts.push("");
      else parts[parts.length - 1] += sign;
    }
    return parts.map((part) => part.trim());
  };

  // [conditions, selector, declarations] of each selector, custom properties apart.
  const read = (css) => {
    const rows = [];
    const walk = (rules, place) => {
      for (const rule of rules)
        if (rule instanceof CSSStyleRule) {
          const custom = [...rule.style].filter((name) => name.startsWith("--"));
          const own = custom.map((name) => [name, rule.style.getPropertyValue(name)].join(": "));
          custom.forEach((name) => rule.style.removeProperty(name));
          const said = rule.style.length ? [rule.style.cssText, ...own] : own;
          for (const selector of parted(rule.selectorText))
            for (const words of said) rows.push([place, selector, words]);
        } else if (rule instanceof CSSKeyframesRule) rows.push([place, "@keyframes", rule.name]);
        else if (rule instanceof CSSFontFaceRule) {
          const { style } = rule;
          const said = ["font-family", "font-weight", "font-style"].map((name) => style.getPropertyValue(name));
          rows.push([place, "@font-face", said.join(" ")]);
        } else if (rule.cssRules) walk(rule.cssRules, `${place}@${rule.conditionText}`);
        else rows.push([place, "@", rule.cssText]);
    };
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    walk(sheet.cssRules, "");
    return rows;
  };

  // States come and go, and what is not so now may be so later: any element will do.
  const STATES = /:(hover|focus|focus-visible|focus-within|active|visited|any-link|link|target|checked|disabled|enabled|open|modal|placeholder-shown|invalid|valid|empty|host|fullscreen)(?![\w-])/g;
  const anyState = (selector) => {
    let bare = selector.replace(/::[\w-]+(\([^()]*\))?/g, "");
    for (let before = ""; before !== bare; ) {
      before = bare;
      bare = bare.replace(/:not\((?:[^()]|\([^()]*\))*\)/g, ":is(*)");
    }
    return bare.replace(STATES, ":is(*)").trim() || "*";
  };
  // The style engine finds what thousands of selectors match sooner than as many queries do. Of
  // several that match the same element it names one.
  CSS.registerProperty({ name: "--lost", syntax: "*", inherits: false });
  const matching = (selectors) => {
    const sheet = new CSSStyleSheet();
    selectors.forEach((selector, k) => {
      const bare = anyState(selector);
      sheet.insertRule(`${bare}${/[>+~]$/.test(bare) ? " *" : ""} { --lost: ${k} }`, k);
    });
    document.adoptedStyleSheets.push(sheet);
    const lost = (element) => getComputedStyle(element).getPropertyValue("--lost");
    const found = new Set([...document.querySelectorAll("*")].map(lost));
    document.adoptedStyleSheets.pop();
    return [...found].filter(Boolean).map((k) => selectors[k]);
  };

  return { read, matching };
})();
