// Follows the run: each event of the stream has the whole page so far. It only reads; nothing here steers the run.
"use strict";
(() => {
  const at = id => document.getElementById(id);
  const seen = new Map();
  // Puts the parts under `holder`, in their order; those that did not change, or are under the pointer, stay as they are.
  const put = (holder, parts, attach) => {
    const known = new Map([...holder.children].map(child => [child.dataset.part, child]));
    let before = null;
    for (const [id, html] of parts) {
      let part = known.get(id);
      known.delete(id);
      if (!part || (seen.get(id) !== html && !part.matches(":hover, :focus-within"))) {
        const made = document.createElement("template");
        made.innerHTML = html;
        const fresh = made.content.firstElementChild;
        fresh.dataset.part = id;
        if (part) part.replaceWith(fresh); else holder.append(fresh);
        part = fresh;
        seen.set(id, html);
        if (attach) attach(part);
      }
      const next = before ? before.nextElementSibling : holder.firstElementChild;
      if (next !== part) holder.insertBefore(part, next);
      before = part;
    }
    known.forEach(part => part.remove());
  };
  const attach = figure => {
    const legend = figure.querySelector("ul.switches");
    if (legend) legend.classList.remove("switches");
    window.smppbench.attach(figure);
  };
  const show = frame => {
    at("place").textContent = frame.place;
    put(at("now"), frame.now);
    put(at("verdict"), frame.verdict);
    put(at("figures"), frame.figures, attach);
    put(at("tables"), frame.tables);
    at("over-time").hidden = !frame.figures.length;
    at("tables").hidden = !frame.tables.length;
  };
  const end = last => {
    show(last);
    const ended = at("ended"), link = document.createElement("a");
    link.id = "report";
    link.textContent = "Open the report";
    link.href = URL.createObjectURL(new Blob([last.report], { type: "text/html" }));
    ended.replaceChildren(link, ` (${last.folder}/report.html)`);
    ended.hidden = false;
    document.title = document.title.replace(" – live", "");
  };

  const events = new EventSource("/events");
  events.addEventListener("frame", event => show(JSON.parse(event.data)));
  events.addEventListener("end", event => {
    events.close();
    end(JSON.parse(event.data));
  });
  events.addEventListener("error", () => {
    at("place").textContent = "smppbench does not answer: the run may have ended";
  });
})();
