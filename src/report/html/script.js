// Adds to the drawings: a read-out under the pointer, zoom in time, switches in the legend. The page is whole without it.
"use strict";
(() => {
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  };
  const digits = v => v < 9.995 ? +v.toFixed(2) : v < 99.95 ? +v.toFixed(1) : Math.round(v);
  const grouped = v => Math.round(v).toLocaleString("en");
  const two = n => String(n).padStart(2, "0");
  const clock = s => {
    const n = Math.round(s);
    return n < 120 ? `${+s.toFixed(1)} s` : n < 7200 ? `${Math.floor(n / 60)}:${two(n % 60)}` : `${Math.floor(n / 3600)}:${two(Math.floor(n % 3600 / 60))}:${two(n % 60)}`;
  };
  const show = {
    elapsed: clock,
    duration: v => v < 1 ? "0" : v < 1e3 ? `${Math.round(v)} ns` : v < 999500 ? `${digits(v / 1e3)} µs` : v < 999.5e6 ? `${digits(v / 1e6)} ms` : v < 120e9 ? `${digits(v / 1e9)} s` : `${digits(v / 60e9)} min`,
    rate: v => v <= 0 ? "0/s" : v < 1 ? `${digits(v * 60)}/min` : v < 99.95 ? `${digits(v)}/s` : `${grouped(v)}/s`,
    count: grouped,
    share: v => `${+(v * 100).toFixed(v > 0.99 && v < 1 ? 3 : 1)} %`,
  };
  const percentile = q => `${+(q * 100).toFixed(5)} % of the messages`;
  const place = (axis, v) => {
    const on = { linear: x => x, log: x => Math.log(Math.max(x, axis[0])), tail: x => -Math.log10(1 - x) }[axis[2]];
    return (on(v) - on(axis[0])) / (on(axis[1]) - on(axis[0]));
  };
  const value = (axis, f) => {
    if (axis[2] === "linear") return axis[0] + f * (axis[1] - axis[0]);
    if (axis[2] === "log") return axis[0] * Math.pow(axis[1] / axis[0], f);
    return 1 - Math.pow(1 - axis[1], f);
  };
  const nearest = (list, v) => {
    let low = 0, high = list.length - 1;
    while (low < high) {
      const half = (low + high) >> 1;
      if (list[half] < v) low = half + 1; else high = half;
    }
    return low > 0 && v - list[low - 1] < list[low] - v ? low - 1 : low;
  };

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);
  const timed = [];

  const attach = figure => {
    const source = figure.querySelector("script");
    if (!source) return;
    const data = JSON.parse(source.textContent);
    const svg = figure.querySelector("svg.chart"), view = svg.querySelector("svg.view");
    const [left, top, width, height] = data.box;
    for (const s of data.series) if (!Array.isArray(s.x)) s.x = s.v.map((_, n) => s.x.from + n * s.x.step);
    const off = new Set();
    const cursor = make("line", { class: "cursor", y1: top, y2: top + height, display: "none" });
    svg.append(cursor);
    const chart = { data, svg, view, from: data.x[0], to: data.x[1] };
    const time = data.x[3] === "elapsed";
    const at = x => data.x[2] === "linear" ? (x - chart.from) / (chart.to - chart.from) : place(data.x, x);
    const under = f => data.x[2] === "linear" ? chart.from + f * (chart.to - chart.from) : value(data.x, f);
    chart.point = x => {
      const f = at(x);
      if (x === null || f < 0 || f > 1) return cursor.setAttribute("display", "none");
      cursor.setAttribute("x1", left + f * width);
      cursor.setAttribute("x2", left + f * width);
      cursor.removeAttribute("display");
    };
    for (let n = timed.length; n--;) if (!timed[n].svg.isConnected) timed.splice(n, 1);
    if (time) timed.push(chart);

    const lines = (x, g) => {
      const shown = show[data.y[3]], found = [];
      data.series.forEach((s, n) => {
        if (off.has(n) || !s.x.length) return;
        const k = nearest(s.x, x), v = s.v[k], w = s.w && s.w[k];
        if (v === null || v === undefined) return;
        found.push([s.name, w !== undefined && w !== null && w !== v ? `${shown(v)} to ${shown(w)}` : shown(v)]);
      });
      if (data.heat) {
        const { edges, columns } = data.heat, y = value(data.y, g);
        const column = columns.find(c => x >= c[0] && x < c[1]);
        const row = edges.findIndex((edge, n) => y >= edge && y < edges[n + 1]);
        if (column && row >= 0) {
          let count = 0;
          for (let n = 0; n < column[2].length; n += 2) if (column[2][n] === row) count = column[2][n + 1];
          found.push([`${shown(edges[row])} to ${shown(edges[row + 1])}`, `${grouped(count)} messages`]);
        }
      }
      return found;
    };
    const read = (f, g, pageX, pageY) => {
      let x = under(f);
      const first = data.series.find((s, n) => !off.has(n) && s.x.length);
      if (first) x = first.x[nearest(first.x, x)];
      const found = lines(x, g);
      if (!found.length) return hide();
      tip.textContent = "";
      const head = document.createElement("b");
      head.textContent = data.x[2] === "tail" ? percentile(x) : time ? clock(x) : `${data.x[4]} ${show[data.x[3]](x)}`;
      tip.append(head);
      for (const [name, text] of found) {
        const line = document.createElement("div");
        line.textContent = `${name}: ${text}`;
        tip.append(line);
      }
      tip.hidden = false;
      const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
      tip.style.left = `${Math.max(4, Math.min(pageX + 14, room))}px`;
      tip.style.top = `${pageY + 16}px`;
      (time ? timed : [chart]).forEach(c => c.point(x));
    };
    const hide = () => {
      tip.hidden = true;
      (time ? timed : [chart]).forEach(c => c.point(null));
    };
    const where = event => {
      const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
      return [((event.clientX - box.left) * scale - left) / width, 1 - ((event.clientY - box.top) * scale - top) / height];
    };

    let start = null, drag = null;
    svg.addEventListener("pointermove", event => {
      const [f, g] = where(event);
      if (drag) {
        const [a, b] = [start, f].map(v => Math.min(1, Math.max(0, v))).sort((x, y) => x - y);
        drag.setAttribute("x", left + a * width);
        drag.setAttribute("width", (b - a) * width);
      }
      if (f < 0 || f > 1 || g < 0 || g > 1) hide(); else read(f, g, event.pageX, event.pageY);
    });
    svg.addEventListener("pointerleave", hide);
    svg.tabIndex = 0;
    let step = 0;
    svg.addEventListener("keydown", event => {
      const move = { ArrowLeft: -0.01, ArrowRight: 0.01 }[event.key];
      if (event.key === "Escape") { hide(); if (chart.zoom) zoom(null); }
      if (!move) return;
      event.preventDefault();
      step = Math.min(1, Math.max(0, step + move));
      const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
      read(step, 0.5, window.scrollX + box.left + (left + step * width) * scale, window.scrollY + box.top + top * scale);
    });
    svg.addEventListener("blur", hide);

    const legend = figure.querySelector("ul.switches");
    if (legend) [...legend.children].forEach((item, n) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(...item.childNodes);
      item.append(button);
      button.addEventListener("click", () => {
        const on = off.delete(n) || !off.add(n);
        button.setAttribute("aria-pressed", on);
        item.classList.toggle("off", !on);
        const layer = view.querySelector(`[data-layer="${n}"]`);
        if (on) layer.removeAttribute("display"); else layer.setAttribute("display", "none");
      });
    });

    if (!time || figure.closest(".live")) return;
    svg.classList.add("zooms");
    const ticks = svg.querySelector("g.across"), whole = ticks.innerHTML, names = svg.querySelector("g.names");
    chart.zoom = span => {
      [chart.from, chart.to] = span || [data.x[0], data.x[1]];
      const all = data.x[1] - data.x[0];
      view.setAttribute("viewBox", `${(chart.from - data.x[0]) / all * width} 0 ${(chart.to - chart.from) / all * width} ${height}`);
      names.toggleAttribute("hidden", !!span);
      if (span) names.setAttribute("display", "none"); else names.removeAttribute("display");
      figure.querySelectorAll(".reset").forEach(button => button.remove());
      ticks.innerHTML = whole;
      if (!span) return;
      const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
      const each = steps.find(s => (chart.to - chart.from) / s <= 5) || 86400;
      const line = ticks.querySelector("line"), word = ticks.querySelector("text");
      const parts = [];
      for (let t = Math.ceil(chart.from / each) * each; t <= chart.to; t += each) {
        const x = left + at(t) * width, tick = line.cloneNode(), text = word.cloneNode();
        tick.setAttribute("x1", x);
        tick.setAttribute("x2", x);
        text.setAttribute("x", x);
        text.setAttribute("text-anchor", "middle");
        text.setAttribute("class", "words");
        text.textContent = clock(t);
        parts.push(tick, text);
      }
      ticks.replaceChildren(...parts);
      const reset = document.createElement("button");
      reset.type = "button";
      reset.className = "reset";
      reset.textContent = "whole run";
      reset.addEventListener("click", () => zoom(null));
      figure.append(reset);
    };
    const zoom = span => timed.forEach(c => c.zoom(span));
    svg.addEventListener("pointerdown", event => {
      if (event.button) return;
      start = where(event)[0];
      if (start < 0 || start > 1) return;
      drag = make("rect", { class: "drag", y: top, height, width: 0, x: left });
      svg.append(drag);
      svg.setPointerCapture(event.pointerId);
    });
    const end = event => {
      if (!drag) return;
      drag.remove();
      drag = null;
      const [a, b] = [start, where(event)[0]].map(v => Math.min(1, Math.max(0, v))).sort((x, y) => x - y);
      if (event.type === "pointerup" && b - a > 0.03) zoom([under(a), under(b)]);
    };
    svg.addEventListener("pointerup", end);
    svg.addEventListener("pointercancel", end);
    svg.addEventListener("dblclick", () => zoom(null));
  };
  document.querySelectorAll("figure").forEach(attach);
  // a page that follows a run draws its figures anew
  window.smppbench = { attach };
})();
