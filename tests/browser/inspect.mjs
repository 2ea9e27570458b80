// What check.mjs and live.mjs share.
export const flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(" ");

// In the page: what is wrong with its drawings, as sentences.
export const inspect = () => {
  const found = [];
  const charts = [...document.querySelectorAll("svg.chart")];
  // the pages of searches and comparisons have fewer
  if (charts.length < (document.getElementById("ledger") || document.querySelector("main.live") ? 5 : 1)) found.push(`only ${charts.length} charts`);
  for (const svg of charts) {
    const name = svg.getAttribute("aria-label");
    const marks = [...svg.querySelectorAll("path, .view rect, line[stroke-width]")].filter(m => {
      const box = m.getBoundingClientRect();
      return box.width > 0 || box.height > 0 || getComputedStyle(m).stroke !== "none";
    });
    if (!marks.length) found.push(`${name}: no marks`);
    const frame = svg.getBoundingClientRect();
    if (frame.width < 200 || frame.height < 80) found.push(`${name}: ${frame.width} by ${frame.height}`);
    const words = [...svg.querySelectorAll("text")].filter(t => t.getBoundingClientRect().width > 0);
    const boxes = words.map(t => {
      const box = t.getBoundingClientRect(), slack = box.height * 0.18; // a line's box is higher than its letters
      return { says: t.textContent, left: box.left, right: box.right, top: box.top + slack, bottom: box.bottom - slack };
    });
    boxes.forEach((a, n) => {
      if (a.left < frame.left - 2 || a.right > frame.right + 2) found.push(`${name}: "${a.says}" stands out of its chart`);
      for (const b of boxes.slice(n + 1)) {
        const over = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (over > 1 && down > 1) found.push(`${name}: "${a.says}" lies on "${b.says}"`);
      }
    });
  }
  for (const figure of document.querySelectorAll("figure")) {
    if (!figure.querySelector("svg.chart") && !figure.querySelector("figcaption p")?.textContent.trim()) found.push(`${figure.id}: neither a chart nor a reason`);
  }
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push(`the page is ${wide} px wider than its window`);
  if (document.querySelector("[style]:not(.tip)")) found.push("an inline style");
  return found;
};
