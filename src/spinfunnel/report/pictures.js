"use strict";
// Pictures are unpacked and drawn when they are scrolled to; a chosen minimum is lit in all of them.
(function () {
  var all = function (selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); };
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var unpacked = {}, chosen = {}, level = {};

  // Base 85 as Python writes it, with three letters that HTML cannot mistake for markup.
  var LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%/()*+-;,=.?@^_`{|}~";
  function bytesOf(text) {
    var worth = new Uint8Array(128), size = text.length, whole = Math.ceil(size / 5), bytes = new Uint8Array(4 * whole);
    for (var k = 0; k < 85; k++) worth[LETTERS.charCodeAt(k)] = k;
    for (var g = 0; g < whole; g++) {
      var sum = 0;
      for (var j = 0; j < 5; j++) sum = sum * 85 + (5 * g + j < size ? worth[text.charCodeAt(5 * g + j)] : 84);
      bytes[4 * g] = sum / 16777216; bytes[4 * g + 1] = (sum / 65536) & 255; bytes[4 * g + 2] = (sum / 256) & 255; bytes[4 * g + 3] = sum & 255;
    }
    return bytes.subarray(0, 4 * whole - (5 * whole - size));
  }
  function numbers(part) {
    if (!part || !part.differences) return part;
    var values = new Float64Array(part.differences.length), sum = 0;
    for (var k = 0; k < values.length; k++) { sum += part.differences[k]; values[k] = part.low + part.step * sum; }
    return values;
  }
  function wordsOf(found, number) {
    var m = found.minima;
    if (number >= m.count) return "minimum " + (number + 1);
    return (m.native.indexOf(number) >= 0 ? "native minimum " : "minimum ") + (number + 1) + "<br>energy " + m.energy[number].toPrecision(7) + "<br>basin weight " + m.weight[number].toPrecision(3);
  }
  function full(found, name) {
    var figure = found.figures[name];
    if (figure.unpacked) return figure;
    figure.data.forEach(function (trace) {
      if (trace.type === "mesh3d") {
        ["x", "y", "z", "i", "j", "k"].forEach(function (key) { trace[key] = numbers(trace[key]); });
        if (!trace.color) trace.intensity = trace.z;
      }
      if (trace.meta === "minima") { trace.text = trace.customdata.map(function (k) { return wordsOf(found, k); }); trace.hoverinfo = "text"; }
    });
    figure.unpacked = true;
    return figure;
  }

  function unpack(id) {
    if (!unpacked[id]) {
      unpacked[id] = new Promise(function (done) { setTimeout(done, 0); }).then(function () {
        return new Response(new Blob([bytesOf(document.getElementById(id).textContent)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
      });
    }
    return unpacked[id];
  }
  var parsed = {};
  function data(system) {
    if (!parsed[system]) parsed[system] = unpack("data-" + system).then(JSON.parse);
    return parsed[system];
  }
  var loading = null;
  function library() {
    if (!loading) {
      performance.mark("library");
      loading = unpack("library").then(function (text) {
        var script = document.createElement("script");
        script.textContent = text;
        document.head.appendChild(script);
        script.remove();
        return window.Plotly;
      });
    }
    return loading;
  }
  var webgl = (function () {
    try {
      var canvas = document.createElement("canvas");
      return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
    } catch (problem) { return false; }
  })();
  // Browsers keep about 16 WebGL scenes alive; beyond a dozen the still stays.
  var scenes = 0;
  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  function mark(flat) {
    var trace = flat
      ? { type: "scatter", marker: { size: 17, symbol: "circle-open", color: colour("--limit"), line: { width: 3 } } }
      : { type: "scatter3d", z: [null], marker: { size: 9, symbol: "circle-open", color: colour("--limit") } };
    trace.x = [null]; trace.y = [null]; trace.mode = "markers"; trace.hoverinfo = "skip"; trace.showlegend = false; trace.name = "chosen"; trace.meta = "chosen";
    return trace;
  }
  function water(figure) {
    var mesh = figure.data.filter(function (trace) { return trace.type === "mesh3d"; })[0];
    if (!mesh) return null;
    var disc = { x: [0], y: [0], z: [0], i: [], j: [], k: [] };
    for (var a = 0; a < 64; a++) {
      disc.x.push(Math.cos(a * Math.PI / 32)); disc.y.push(Math.sin(a * Math.PI / 32)); disc.z.push(0);
      disc.i.push(0); disc.j.push(1 + a); disc.k.push(1 + (a + 1) % 64);
    }
    return { type: "mesh3d", x: disc.x, y: disc.y, z: disc.z, i: disc.i, j: disc.j, k: disc.k, color: "#3a97d6", opacity: 0.55, hoverinfo: "skip", visible: false, meta: "water", name: "level" };
  }

  function draw(box) {
    var flat = box.dataset.flat === "1", system = box.dataset.system;
    if (box.state || (!flat && (!webgl || scenes >= 12))) return Promise.resolve();
    box.state = "drawing";
    if (!flat) scenes += 1;
    return Promise.all([library(), data(system)]).then(function (both) {
      var Plotly = both[0], figure = full(both[1], box.dataset.figure);
      var layout = figure.layout;
      layout.autosize = true;
      layout.font.color = colour("--ink");
      var traces = figure.data.slice();
      if (box.dataset.figure === "terrain") { var flood = water(figure); if (flood) traces.push(flood); }
      if (traces.some(function (trace) { return trace.meta === "minima"; })) traces.push(mark(flat));
      var target = document.createElement("div"), still = box.querySelector("img");
      target.style.cssText = "width:100%;height:100%";
      box.appendChild(target);
      still.style.display = "none";
      var config = { responsive: true, displaylogo: false, displayModeBar: "hover", plotlyServerURL: "", showSendToCloud: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "toggleSpikelines", "toImage"] };
      return Plotly.newPlot(target, { data: traces, layout: layout, frames: figure.frames || [], config: config }).then(function () {
        box.plotted = target;
        box.state = "drawn";
        box.dataset.drawn = "1";
        target.on("plotly_click", function (event) {
          var point = event.points[0];
          if (point.data.meta === "minima") choose(system, point.customdata);
        });
        if (chosen[system] !== undefined) light(box, chosen[system]);
        if (level[system] !== undefined) cut(box, level[system]);
      }, function () {
        target.remove();
        still.style.display = "";
        box.state = "failed";
      });
    });
  }

  var seen = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
    });
  }, { rootMargin: "120px" });
  // The first screen is painted before anything is unpacked.
  var begun = false;
  function begin() {
    if (begun) return;
    begun = true;
    all(".plot").forEach(function (box) { seen.observe(box); });
  }
  try {
    new PerformanceObserver(function (entries, watch) {
      if (entries.getEntriesByName("first-contentful-paint").length) { watch.disconnect(); begin(); }
    }).observe({ type: "paint", buffered: true });
  } catch (problem) { begin(); }
  setTimeout(begin, 2000);

  function light(box, number) {
    var drawn = box.plotted;
    if (!drawn) return;
    var place = -1, x = [null], y = [null], z = [null];
    drawn.data.forEach(function (trace, k) {
      if (trace.meta === "chosen") { place = k; return; }
      if (trace.meta !== "minima") return;
      var at = Array.prototype.indexOf.call(trace.customdata, number);
      if (at >= 0) { x = [trace.x[at]]; y = [trace.y[at]]; if (trace.z) z = [trace.z[at]]; }
    });
    if (place < 0) return;
    var change = { x: [x], y: [y] };
    if (drawn.data[place].type === "scatter3d") change.z = [z];
    window.Plotly.restyle(drawn, change, [place]);
    box.dataset.chosen = x[0] === null ? "" : String(number);
  }

  function cut(box, energy) {
    var drawn = box.plotted;
    if (!drawn) return;
    if (box.dataset.figure === "disconnectivity" || box.dataset.figure === "supergraph") {
      window.Plotly.relayout(drawn, { shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: energy, y1: energy, line: { color: colour("--limit"), dash: "dash", width: 1.5 } }] });
      box.dataset.level = String(energy);
    } else if (box.dataset.figure === "terrain") {
      drawn.data.forEach(function (trace, k) {
        if (trace.meta === "water") window.Plotly.restyle(drawn, { z: [trace.x.map(function () { return energy; })], visible: true }, [k]);
      });
      box.dataset.level = String(energy);
    }
  }

  all(".level").forEach(function (slider) {
    var system = slider.dataset.system, waiting = false;
    var article = document.getElementById("system-" + system);
    slider.addEventListener("input", function () {
      data(system).then(function (found) {
        var k = Number(slider.value), levels = found.levels, energy = levels.energy[k], many = levels.funnels[k];
        var shown = found.scale ? ((energy - found.scale.ground) / found.scale.unit).toPrecision(3) : energy.toPrecision(5);
        var words = "Below " + shown + ": " + many.toLocaleString("en") + (many === 1 ? " funnel" : " separate funnels");
        words += "; that of the ground state holds " + (100 * levels.native[k]).toFixed(0) + " % of the weight below.";
        document.getElementById("count-" + system).textContent = words;
        level[system] = energy;
        var tree = article.querySelector(".small-tree");
        if (tree) {
          var low = Number(tree.dataset.low), high = Number(tree.dataset.high), top = Number(tree.dataset.top), bottom = Number(tree.dataset.bottom);
          var at = top + (bottom - top) * (high - energy) / (high - low || 1);
          tree.querySelector(".cut").setAttribute("y1", at);
          tree.querySelector(".cut").setAttribute("y2", at);
        }
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(function () {
          waiting = false;
          all(".plot", article).forEach(function (box) { cut(box, level[system]); });
        });
      });
    });
  });

  var drawer = document.getElementById("drawer"), before = null;
  function close() {
    drawer.hidden = true;
    if (before && before.focus) before.focus();
  }
  drawer.querySelector(".close").addEventListener("click", close);
  document.addEventListener("keydown", function (event) { if (event.key === "Escape" && !drawer.hidden) close(); });

  function line(list, name, text) {
    var head = document.createElement("dt"), body = document.createElement("dd");
    head.textContent = name;
    if (typeof text === "string") body.textContent = text; else body.appendChild(text);
    list.append(head, body);
  }
  function link(system, number) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "go";
    button.textContent = "minimum " + (number + 1);
    button.addEventListener("click", function () { choose(system, number); });
    return button;
  }
  function choose(system, number) {
    chosen[system] = number;
    var article = document.getElementById("system-" + system);
    all("circle[data-m]", article).forEach(function (dot) { dot.classList.toggle("chosen", Number(dot.dataset.m) === number); });
    all(".plot", article).forEach(function (box) { light(box, number); });
    return data(system).then(function (found) {
      var minima = found.minima;
      if (drawer.hidden) before = document.activeElement;
      var body = document.getElementById("drawer-body"), list = document.createElement("dl");
      body.replaceChildren();
      var native = minima.native.indexOf(number) >= 0;
      document.getElementById("drawer-title").textContent = (native ? "Native minimum " : "Minimum ") + (number + 1) + " of " + minima.all.toLocaleString("en");
      drawer.hidden = false;
      drawer.dataset.minimum = String(number);
      drawer.querySelector(".close").focus();
      if (number >= minima.count) {
        body.textContent = "Details are kept for the " + minima.count.toLocaleString("en") + " lowest minima only.";
        return;
      }
      var key = minima.key[number], energy = minima.energy[number];
      window.spinfunnelStates(key, minima.state).forEach(function (node) { body.appendChild(node); });
      var scale = found.scale ? " (" + ((energy - found.scale.ground) / found.scale.unit).toPrecision(3) + " of the way to the mean)" : "";
      line(list, "energy", energy.toPrecision(7) + scale);
      line(list, "basin weight", (100 * minima.weight[number]).toPrecision(3) + " %");
      if (minima.exit[number] === null) line(list, "way out", "none to a lower minimum is known");
      else {
        line(list, "way out", "over a barrier of " + (minima.exit[number] - energy).toPrecision(4));
        line(list, "leads to", link(system, minima.into[number]));
      }
      if (minima.funnel[number] !== number) line(list, "funnel of", link(system, minima.funnel[number]));
      line(list, "state", key);
      body.appendChild(list);
    });
  }
  all("circle[data-m]").forEach(function (dot) {
    dot.addEventListener("click", function () { choose(dot.closest(".system").dataset.system, Number(dot.dataset.m)); });
  });
  all(".tree").forEach(function (box) {
    var tree = box.querySelector(".small-tree");
    if (!tree) return;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "save pick";
    button.textContent = "show the lowest minimum";
    button.addEventListener("click", function () {
      var system = tree.dataset.system;
      choose(system, chosen[system] === undefined ? 0 : chosen[system]);
    });
    box.querySelector(".tools").prepend(button);
  });
  drawer.addEventListener("keydown", function (event) {
    var step = { j: 1, k: -1 }[event.key];
    var system = Object.keys(chosen).pop();
    if (step && system !== undefined) {
      var next = chosen[system] + step;
      if (next >= 0) choose(system, next);
    }
  });

  function save(name, blob) {
    var anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(blob);
    anchor.download = name;
    document.body.appendChild(anchor);
    anchor.click();
    anchor.remove();
    setTimeout(function () { URL.revokeObjectURL(anchor.href); }, 5000);
  }
  function quoted(value) {
    var text = value === null || value === undefined ? "" : String(value);
    // A cell that begins like a formula would be run by a spreadsheet.
    if (/^[=+@\t]/.test(text) || (text[0] === "-" && isNaN(Number(text)))) text = "'" + text;
    return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }
  function table(traces) {
    var rows = [["curve", "x", "y", "z", "minimum", "note"]];
    traces.forEach(function (trace, place) {
      if (trace.meta === "chosen" || trace.meta === "water" || trace.meta === "block") return;
      var name = trace.name || trace.type + " " + place, x = trace.x || [], y = trace.y || [], z = trace.z || [];
      for (var k = 0; k < Math.max(x.length, y.length); k++) {
        var deep = z[k] && z[k].length !== undefined && typeof z[k] !== "string";
        if (deep) { for (var j = 0; j < z[k].length; j++) rows.push([name, x[j], y[k], z[k][j], "", ""]); continue; }
        if (x[k] === null && y[k] === null) continue;
        rows.push([name, x[k], y[k], z[k], trace.meta === "minima" ? trace.customdata[k] + 1 : "", Array.isArray(trace.text) ? String(trace.text[k]).replace(/<br>/g, "; ") : ""]);
      }
    });
    return rows.map(function (row) { return row.map(quoted).join(","); }).join("\n") + "\n";
  }
  function picture(svg, form, name) {
    var copy = svg.cloneNode(true), box = svg.viewBox.baseVal;
    copy.setAttribute("width", box.width);
    copy.setAttribute("height", box.height);
    var style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    var seen = ["--ink", "--quiet", "--line", "--card", "--limit", "--funnel", "--multi-funnel", "--golf-course", "--smooth", "--glass", "--undecided"];
    style.textContent = "svg{" + seen.map(function (one) { return one + ":" + colour(one); }).join(";") + ";background:" + colour("--card") + ";font:11px sans-serif}.axis text{fill:" + colour("--quiet") + "}.grid{stroke:" + colour("--line") + "}";
    copy.prepend(style);
    var text = new XMLSerializer().serializeToString(copy);
    if (form === "svg") { save(name + ".svg", new Blob([text], { type: "image/svg+xml" })); return; }
    var image = new Image();
    image.onload = function () {
      var canvas = document.createElement("canvas");
      canvas.width = 2 * box.width; canvas.height = 2 * box.height;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (blob) { save(name + ".png", blob); });
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  }
  function minimaTable(found) {
    var m = found.minima, rows = [["minimum", "key", "energy", "weight", "exit_energy", "leads_to", "funnel"]];
    for (var k = 0; k < m.count; k++) rows.push([k + 1, m.key[k], m.energy[k], m.weight[k], m.exit[k], m.into[k] < 0 ? "" : m.into[k] + 1, m.funnel[k] + 1]);
    return rows.map(function (row) { return row.map(quoted).join(","); }).join("\n") + "\n";
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest(".save[data-as]") : null;
    if (!button) return;
    var form = button.dataset.as;
    if (button.classList.contains("still")) {
      var holder = button.closest(".map, .tree"), svg = holder.querySelector("svg"), name = holder.classList.contains("map") ? "map" : "tree";
      if (form !== "csv") { picture(svg, form, name); return; }
      if (name === "tree") data(svg.dataset.system).then(function (found) { save("minima.csv", new Blob([minimaTable(found)], { type: "text/csv" })); });
      else save("map.csv", new Blob([svg.dataset.csv + "\n"], { type: "text/csv" }));
      return;
    }
    var box = button.closest("figure").querySelector(".plot"), file = box.dataset.figure + "-" + box.dataset.system;
    draw(box).then(function () {
      var wait = function () {
        if (box.state === "drawing") { setTimeout(wait, 50); return; }
        if (form === "csv") {
          var traces = box.plotted ? box.plotted.data : null;
          if (traces) save(file + ".csv", new Blob([table(traces)], { type: "text/csv" }));
          else data(box.dataset.system).then(function (found) { save(file + ".csv", new Blob([table(full(found, box.dataset.figure).data)], { type: "text/csv" })); });
        } else if (box.plotted) {
          window.Plotly.downloadImage(box.plotted, { format: form, filename: file, width: 1000, height: 700, scale: form === "png" ? 2 : 1 });
        } else {
          fetchless(box.querySelector("img"), file);
        }
      };
      wait();
    });
  });
  function fetchless(image, file) {
    var canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
    canvas.getContext("2d").drawImage(image, 0, 0);
    canvas.toBlob(function (blob) { save(file + ".png", blob); });
  }
  dark.addEventListener("change", function () {
    all(".plot").forEach(function (box) { if (box.plotted) window.Plotly.relayout(box.plotted, { "font.color": colour("--ink") }); });
  });
  document.documentElement.dataset.ready = "1";
})();
