/**
 * Programs that run in a page: texts, as the types of a page are not those of Deno.
 *
 * @module
 */

/**
 * The contrast of all text, and of the marks of charts, with what is behind it: WCAG 2 asks for 4.5 of text (3 of large
 * text) and for 3 of marks.
 */
export const CONTRASTS = `(() => {
  const channels = (colour) => {
    const found = /rgba?\\(([^)]+)\\)/.exec(colour);
    return found ? found[1].split(",").map(Number) : null;
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((value) => value / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour && (colour[3] === undefined || colour[3] === 1)) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
    const style = getComputedStyle(element), isSvg = element.namespaceURI.endsWith("svg");
    if (own && !["SCRIPT", "STYLE"].includes(element.tagName)) {
      const colour = channels(isSvg ? style.fill : style.color), isLarge = parseFloat(style.fontSize) >= 24;
      found.push({ what: element.tagName + " " + element.textContent.trim().slice(0, 30), ratio: contrast(colour, behind(element)), least: isLarge ? 3 : 4.5 });
    }
    if (!isSvg || element.tagName === "svg") continue;
    // Hairlines of a grid and bands behind lines are no marks that anything is read from
    if (["path", "circle", "line", "rect"].includes(element.tagName)) {
      for (const [paint, opacity] of [["stroke", "strokeOpacity"], ["fill", "fillOpacity"]]) {
        const colour = channels(style[paint]), faint = [element, element.parentElement].some((at) => Number(getComputedStyle(at)[opacity]) < 0.5);
        if (colour && !faint) found.push({ what: element.tagName + " " + style[paint], ratio: contrast(colour, behind(element)), least: 3 });
      }
    }
  }
  return found;
})()`;

/** What is shown and reaches over the sides of the page, outside of what can be scrolled by itself. */
export const OUTSIDE = `(() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")].filter((element) => {
    if (element.closest(".scroll > *") || element.classList.contains("ring")) return false;
    const { left, right, width: own } = element.getBoundingClientRect();
    return own > 0 && (left < -0.5 || right > width + 0.5);
  }).map((element) => element.tagName + " " + element.textContent.trim().slice(0, 40));
})()`;
